//! Look-alikes in a list: a domain that mixes scripts (`pаypal.com` with a Cyrillic `а`), and lines that look the same
//! but differ (`rnike@`, `mike@`). They are reported and used: nobody is admitted or refused because of them.
//!
//! Two texts look the same if their skeletons are equal. Lists are long and mostly ASCII, so the skeletons of ASCII
//! characters are in a table that is made once. Of each line 16 bytes are kept until the list is read.
//!
//! Specification: [UTS 39](https://www.unicode.org/reports/tr39/), confusable and mixed-script detection.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use unicode_security::{MixedScript, skeleton};

use super::line_problem::{LineProblem, LineReport};
use crate::values::AddressRule;

/// The skeleton of each ASCII character.
static ASCII: LazyLock<[String; 128]> = LazyLock::new(|| {
    std::array::from_fn(|code| {
        let character = u8::try_from(code).map(char::from).unwrap_or_default();
        skeleton(character.encode_utf8(&mut [0; 4])).collect()
    })
});

/// The rules that were read so far.
#[derive(Default)]
pub(super) struct LookAlikes {
    hasher: RandomState,
    lines: Vec<RuleLine>,
    remarks: Vec<LineReport>,
    /// The skeleton of the line that is being added.
    folded: String,
}

struct RuleLine {
    /// The hash of the rule's skeleton.
    skeleton: u64,
    /// The lower half of the hash of the rule itself.
    rule: u32,
    /// From 1; saturates at 2³².
    line: u32,
}

impl LookAlikes {
    /// Expects so many lines. Memory that is not used is not taken from the system.
    pub(super) fn for_lines(lines: usize) -> Self {
        Self { lines: Vec::with_capacity(lines), ..Self::default() }
    }

    /// Adds the rule of the next line.
    pub(super) fn add(&mut self, rule: &AddressRule, line: u64) {
        let (before, domain) = match rule {
            AddressRule::Exact(address) => address.canonical().rsplit_once('@').unwrap_or_default(),
            AddressRule::Domain(domain) => ("", domain.as_str()),
            AddressRule::Subdomains(parent) => ("*", parent.as_str()),
        };
        self.folded.clear();
        if before.is_ascii() && !domain.contains("xn--") {
            fold_ascii(&mut self.folded, [before, "@", domain]);
        } else {
            let (domain, _) = idna::domain_to_unicode(domain);
            if domain.split('.').any(|label| !label.is_single_script()) {
                self.remarks.push(LineReport { line, problem: LineProblem::MixedScripts });
            }
            self.folded.extend(skeleton(&format!("{before}@{domain}")));
        }
        let skeleton = self.hash(&[&self.folded]);
        let rule = self.hash(&[before, "@", domain]);
        let rule = u32::try_from(rule & u64::from(u32::MAX)).unwrap_or_default();
        self.lines.push(RuleLine { skeleton, rule, line: u32::try_from(line).unwrap_or(u32::MAX) });
    }

    /// The bytes of what is kept of the lines.
    pub(super) fn memory(&self) -> usize {
        self.lines.len() * size_of::<RuleLine>() + self.remarks.capacity() * size_of::<LineReport>()
    }

    /// The reports about all lines.
    pub(super) fn finish(mut self) -> Vec<LineReport> {
        self.lines.sort_unstable_by_key(|line| (line.skeleton, line.line));
        for alike in self.lines.chunk_by(|line, next| line.skeleton == next.skeleton) {
            let Some((first, others)) = alike.split_first() else { continue };
            for other in others.iter().filter(|other| other.rule != first.rule) {
                let problem = LineProblem::LooksLike { line: u64::from(first.line) };
                self.remarks.push(LineReport { line: u64::from(other.line), problem });
            }
        }
        self.remarks
    }

    fn hash(&self, parts: &[&str]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for part in parts {
            hasher.write(part.as_bytes());
        }
        hasher.finish()
    }
}

fn fold_ascii(folded: &mut String, parts: [&str; 3]) {
    let skeletons = &*ASCII;
    for byte in parts.iter().flat_map(|part| part.bytes()) {
        folded.push_str(skeletons.get(usize::from(byte)).map_or("", String::as_str));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn remarks(rules: &[&str]) -> Vec<u64> {
        let mut look_alikes = LookAlikes::default();
        for (line, rule) in (2..).zip(rules) {
            look_alikes.add(&rule.parse().unwrap(), line);
        }
        let remarks = look_alikes.finish();
        assert!(
            remarks.iter().all(|remark| remark.is_used() && !remark.problem.to_string().contains("example")),
            "{remarks:?}"
        );
        remarks.iter().map(|remark| remark.line).collect()
    }

    #[rstest]
    #[case::one_and_ell("jo1@example.com", "jol@example.com")]
    #[case::rn_and_m("mike@example.com", "rnike@example.com")]
    #[case::greek("jo@example.com", "jο@example.com")]
    #[case::in_the_domain("jo@example.com", "jo@exarnple.com")]
    #[case::all_cyrillic_domain("jo@coco.example", "jo@сосо.example")]
    #[case::domains("@coco.example", "@сосо.example")]
    #[case::below_domains("@*.coco.example", "@*.сосо.example")]
    fn lines_that_look_the_same_and_are_not_are_pointed_out(#[case] one: &str, #[case] other: &str) {
        assert_eq!(remarks(&[one, "sam@example.org", other, one]), [4]);
        assert_eq!(remarks(&[other, one]), [3]);
    }

    #[rstest]
    #[case("jo@example.com", "Jo@EXAMPLE.com.")]
    #[case("jo@bücher.example", "jo@xn--bcher-kva.example")]
    #[case("jo@example.com", "jo+x@example.com")]
    #[case("@coco.example", "@*.coco.example")]
    #[case("josé@example.com", "jose@example.com")]
    fn lines_that_are_the_same_or_look_different_are_not(#[case] one: &str, #[case] other: &str) {
        assert_eq!(remarks(&[one, other]), [0_u64; 0]);
    }

    #[rstest]
    #[case("jo@pаypal.example", true)]
    #[case("@*.pаypal.example", true)]
    #[case("jo@bücher.example", false)]
    #[case("jo@пример.example", false)]
    #[case("jo@日本語テスト.example", false)]
    #[case("пётр@example.com", false)]
    fn a_domain_that_mixes_scripts_is_pointed_out(#[case] rule: &str, #[case] mixed: bool) {
        assert_eq!(!remarks(&[rule]).is_empty(), mixed);
    }

    #[test]
    fn the_table_folds_as_the_specification_does() {
        for code in 0..128_u8 {
            let text = char::from(code).to_string();
            let mut folded = String::new();
            fold_ascii(&mut folded, [&text, "m", "1"]);
            assert_eq!(folded, skeleton(&format!("{text}m1")).collect::<String>(), "{code}");
        }
    }
}
