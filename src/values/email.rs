//! Email addresses as they are compared.
//!
//! Comparison follows one fixed canonical form: Unicode white space trimmed, invisible characters stripped, NFKC,
//! the local part case-folded by Unicode's full folding, the domain as lower-case ASCII (UTS 46). `+tags` and dots are
//! never stripped: an invitation for `a+x@` matches `a+x@` only. Denying compares by [`EmailAddress::widest_form`].

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

/// Longest local part, domain and address (RFC 5321), in bytes of the canonical form.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 255;
const MAX_ADDRESS: usize = 254;

/// The longest text that is read as an address, in bytes: the longest address, if each character takes four bytes.
const MAX_GIVEN: usize = 4 * MAX_ADDRESS;

/// Why a text is no usable email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// No `@`.
    #[error("has no @")]
    NoAt,
    /// Nothing before the `@`.
    #[error("has nothing before the @")]
    NoLocalPart,
    /// A control character, white space, a second `@`, or one of `<>()[]\,;:"` before the `@`.
    #[error("has a character that does not belong before the @")]
    BadLocalPart,
    /// A rule with `*` before the `@`.
    #[error("has a * before the @: write @example.com for a whole domain")]
    Wildcard,
    /// The domain is empty, an IP literal, a single label, or not a valid host name.
    #[error("has a domain that is not a host name such as example.com")]
    BadDomain,
    /// One of the limits 64 (local part), 255 (domain), 254 (all) is exceeded.
    #[error("is too long: the limit is {MAX_ADDRESS} bytes, {MAX_LOCAL} of them before the @")]
    TooLong,
    /// Several attributes, whose names differ in case only, have different addresses.
    #[error("is several different addresses")]
    Several,
}

/// How an invitation or a rule of `allow` is compared with an address. `deny` always compares by the widest form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EmailMatch {
    /// The canonical forms are the same.
    #[default]
    Exact,
    /// The canonical forms are the same without their tag: what follows `+`, `=` or `#`.
    IgnoreTag,
    /// As `IgnoreTag`; in addition dots do not count at Gmail, and its two domains count as one.
    IgnoreTagAndDots,
}

impl EmailMatch {
    /// Every way of comparing, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Exact, Self::IgnoreTag, Self::IgnoreTagAndDots];
}

/// An address in canonical form, and as it was given.
///
/// Two addresses are equal when their canonical forms are. Neither `Debug` nor anything else prints it.
#[derive(Clone)]
pub struct EmailAddress {
    /// As given, without white space around it and invisible characters, in NFC; `None`: as the canonical form.
    given: Option<Box<str>>,
    /// Local part, `@`, domain; all as compared.
    canonical: Box<str>,
    /// Where the domain begins in `canonical`.
    domain_at: usize,
}

impl EmailAddress {
    /// The address as it was given: to be shown or sent, never to be compared.
    #[must_use]
    pub(crate) fn as_given(&self) -> &str {
        self.given.as_deref().unwrap_or(&self.canonical)
    }

    /// The form in which addresses are compared.
    #[must_use]
    pub(crate) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The form in which addresses are compared under a policy's `email_match`.
    #[must_use]
    pub fn compared(&self, email_match: EmailMatch) -> Cow<'_, str> {
        let gmail = || matches!(self.domain(), "gmail.com" | "googlemail.com");
        let has_tag = || self.untagged().len() + 1 < self.domain_at;
        match email_match {
            EmailMatch::IgnoreTagAndDots if gmail() => Cow::Owned(self.widest_form()),
            EmailMatch::IgnoreTag | EmailMatch::IgnoreTagAndDots if has_tag() => {
                Cow::Owned(format!("{}@{}", self.untagged(), self.domain()))
            }
            _ => Cow::Borrowed(&self.canonical),
        }
    }

    /// The form by which addresses are denied: without what providers let people add to an address. That is all that
    /// follows `+`, `=` or `#`, and at Gmail also the dots and the second domain.
    #[must_use]
    pub(crate) fn widest_form(&self) -> String {
        match self.domain() {
            "gmail.com" | "googlemail.com" => format!("{}@gmail.com", self.untagged().replace('.', "")),
            domain => format!("{}@{domain}", self.untagged()),
        }
    }

    fn untagged(&self) -> &str {
        let local = self.canonical.get(..self.domain_at.saturating_sub(1)).unwrap_or_default();
        local.split(['+', '=', '#']).next().filter(|name| !name.is_empty()).unwrap_or(local)
    }

    /// The domain, lower-case ASCII.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.canonical.get(self.domain_at..).unwrap_or_default()
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for EmailAddress {}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EmailAddress(…)")
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        if text.len() > MAX_GIVEN {
            return Err(InvalidAddress::TooLong);
        }
        // ASCII has one form only and nothing invisible. Nearly all addresses are ASCII, and Unicode's forms cost
        // twenty times as much as the rest.
        if text.is_ascii() {
            return Self::from_normalised(text.trim(), text.trim());
        }
        let given: String = strip_invisible(text).nfc().collect();
        let given = given.trim();
        Self::from_normalised(given, &given.nfkc().collect::<String>())
    }
}

impl EmailAddress {
    /// The address from a text in NFC without white space around it, and the same text in NFKC.
    fn from_normalised(given: &str, nfkc: &str) -> Result<Self, InvalidAddress> {
        if given.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        let (local, domain) = nfkc.rsplit_once('@').ok_or(InvalidAddress::NoAt)?;
        let (local, domain) = (canonical_local(local)?, canonical_domain(domain)?);
        let canonical = [&*local, "@", &*domain].concat();
        if canonical.len() > MAX_ADDRESS {
            return Err(InvalidAddress::TooLong);
        }
        let given = (given != canonical).then(|| given.into());
        Ok(Self { given, domain_at: local.len() + 1, canonical: canonical.into() })
    }
}

/// Drops zero-width characters and bidirectional controls, which a copied address may carry.
pub(super) fn strip_invisible(text: &str) -> Cow<'_, str> {
    let invisible = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    text.chars().filter(|&c| !invisible(c)).collect()
}

/// Folds the case of the part before the `@` by Unicode's rules, whatever the locale.
fn canonical_local(local: &str) -> Result<Cow<'_, str>, InvalidAddress> {
    if local.is_empty() {
        return Err(InvalidAddress::NoLocalPart);
    }
    let refused = |c: char| {
        let is_special = matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '\\' | ',' | ';' | ':' | '"' | '@');
        is_special || c.is_control() || c.is_whitespace()
    };
    if local.chars().any(refused) {
        return Err(InvalidAddress::BadLocalPart);
    }
    // Folding can undo composing, and composing can undo folding: after the second time nothing changes any more.
    let fold = |text: &str| caseless::default_case_fold_str(text).nfkc().collect::<String>();
    let lower = if local.is_ascii() { ascii_lower(local) } else { Cow::Owned(fold(&fold(local))) };
    // Normalising can produce characters that were refused above: U+037E becomes a semicolon.
    if lower.chars().any(refused) {
        return Err(InvalidAddress::BadLocalPart);
    }
    if lower.len() > MAX_LOCAL {
        return Err(InvalidAddress::TooLong);
    }
    Ok(lower)
}

/// The text with A to Z in lower case, copied only if it has one of them.
fn ascii_lower(text: &str) -> Cow<'_, str> {
    let has_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    if has_upper { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

/// The domain as lower-case ASCII, one trailing dot dropped.
pub(super) fn canonical_domain(domain: &str) -> Result<Cow<'_, str>, InvalidAddress> {
    canonical_host(domain, 2)
}

/// A host name of at least `labels` labels as lower-case ASCII, one trailing dot dropped.
pub(super) fn canonical_host(domain: &str, labels: usize) -> Result<Cow<'_, str>, InvalidAddress> {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if domain.parse::<std::net::IpAddr>().is_ok() || domain.starts_with('[') {
        return Err(InvalidAddress::BadDomain);
    }
    let ascii = match plain_host(domain) {
        Some(host) => host,
        None => Cow::Owned(idna::domain_to_ascii_strict(domain).map_err(|_| InvalidAddress::BadDomain)?),
    };
    if ascii.len() > MAX_DOMAIN {
        return Err(InvalidAddress::TooLong);
    }
    let enough_labels = ascii.split('.').count() >= labels && ascii.split('.').all(|label| !label.is_empty());
    let last_label_is_a_number =
        ascii.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    if !enough_labels || last_label_is_a_number {
        return Err(InvalidAddress::BadDomain);
    }
    Ok(ascii)
}

/// The host name in lower case, if that is all that UTS 46 does to it. It says nothing about any other host name.
fn plain_host(host: &str) -> Option<Cow<'_, str>> {
    let is_plain = |label: &str| {
        let bytes = label.as_bytes();
        matches!(bytes.len(), 1..=63)
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
            // `xn--` begins an encoded label, and other letters before two hyphens are reserved.
            && bytes.get(2..4) != Some(b"--".as_slice())
    };
    (host.len() <= 253 && host.split('.').all(is_plain)).then(|| ascii_lower(host))
}

#[cfg(test)]
mod tests;
