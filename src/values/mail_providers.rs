//! Public mail providers: everybody can have an address there. A rule for such a domain says nothing about who a person
//! is, so it is pointed out.
//!
//! The list has the large providers of each country, from their own pages. It need not be complete: nobody is admitted
//! or refused because of it.

/// Providers that have the same name in many countries: `yahoo.com`, `yahoo.co.uk`.
const IN_MANY_COUNTRIES: [&str; 6] = ["yahoo", "gmx", "hotmail", "outlook", "yandex", "aol"];

/// The domains of other providers, sorted.
#[rustfmt::skip]
const DOMAINS: [&str; 222] = [
    "126.com", "139.com", "163.com", "189.cn", "1und1.de", "21cn.com", "a1.net", "abv.bg", "aim.com", "alice.it",
    "aliyun.com", "aon.at", "arcor.de", "att.net", "azet.sk", "bbox.fr", "bellsouth.net", "biglobe.ne.jp",
    "bigpond.com", "bigpond.net.au", "bk.ru", "bluewin.ch", "blueyonder.co.uk", "bol.com.br", "bredband.net",
    "btinternet.com", "btopenworld.com", "centrum.cz", "centrum.sk", "charter.net", "chello.at", "citromail.hu",
    "comcast.net", "cox.net", "daum.net", "disroot.org", "docomo.ne.jp", "duck.com", "earthlink.net", "elisanet.fi",
    "email.com", "email.cz", "email.de", "excite.co.jp", "ezweb.ne.jp", "fastmail.com", "fastmail.fm", "foxmail.com",
    "free.fr", "freemail.hu", "freenet.de", "frontier.com", "gazeta.pl", "globo.com", "globomail.com", "gmail.com",
    "googlemail.com", "hanmail.net", "hetnet.nl", "hey.com", "hispeed.ch", "home.nl", "hushmail.com", "i.ua",
    "icloud.com", "ig.com.br", "iinet.net.au", "inbox.com", "inbox.lt", "inbox.lv", "inbox.ru", "interia.pl",
    "internet.ru", "juno.com", "kabelmail.de", "kakao.com", "keemail.me", "kolumbus.fi", "kpnmail.nl", "laposte.net",
    "libero.it", "list.ru", "live.at", "live.be", "live.ca", "live.cl", "live.cn", "live.co.uk", "live.co.za",
    "live.com", "live.com.ar", "live.com.au", "live.com.mx", "live.com.pt", "live.de", "live.dk", "live.fr", "live.ie",
    "live.in", "live.it", "live.jp", "live.nl", "live.no", "live.se", "luukku.com", "lycos.com", "mac.com", "mail.bg",
    "mail.com", "mail.de", "mail.dk", "mail.gr", "mail.ru", "mailbox.org", "mailfence.com", "me.com", "meta.ua",
    "mozmail.com", "msn.com", "mynet.com", "myyahoo.com", "nate.com", "naver.com", "netvision.net.il", "neuf.fr",
    "nifty.com", "ntlworld.com", "numericable.fr", "o2.co.uk", "o2.pl", "o2online.de", "onet.pl", "online.de",
    "online.no", "op.pl", "optonline.net", "optusnet.com.au", "orange.fr", "otenet.gr", "passport.com",
    "planet.nl", "pm.me", "poczta.onet.pl", "post.cz", "posteo.de", "proton.me", "protonmail.ch", "protonmail.com",
    "qq.com", "rambler.ru", "rediffmail.com", "riseup.net", "rocketmail.com", "rogers.com", "runbox.com", "sapo.pt",
    "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca", "sify.com", "sina.cn", "sina.com", "sky.com", "skynet.be",
    "softbank.ne.jp", "sohu.com", "spray.se", "start.no", "startmail.com", "stofanet.dk", "sunrise.ch", "suomi24.fi",
    "sympatico.ca", "t-online.de", "talktalk.net", "telefonica.net", "telenet.be", "telia.com", "telus.net",
    "terra.com.br", "terra.es", "tim.it", "tin.it", "tiscali.co.uk", "tiscali.it", "tlen.pl", "tom.com", "tpg.com.au",
    "tuta.com", "tuta.io", "tutamail.com", "tutanota.com", "tutanota.de", "ukr.net", "uol.com.br", "usa.com",
    "verizon.net", "videotron.ca", "virgilio.it", "virginmedia.com", "vodafone.de", "volny.cz", "vp.pl", "walla.co.il",
    "walla.com", "wanadoo.fr", "web.de", "westnet.com.au", "windowslive.com", "windstream.net", "wp.pl", "xfinity.com",
    "xs4all.nl", "xtra.co.nz", "ya.ru", "yeah.net", "ymail.com", "ziggo.nl", "zoho.com", "zohomail.com", "zohomail.eu",
];

/// Whether everybody can have an address at this domain, which is in lower-case ASCII.
#[must_use]
pub(super) fn is_public(domain: &str) -> bool {
    let registered = || psl::domain_str(domain) == Some(domain);
    let name = domain.split('.').next().unwrap_or_default();
    DOMAINS.binary_search(&domain).is_ok() || (IN_MANY_COUNTRIES.contains(&name) && registered())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_no_name_twice() {
        assert!(DOMAINS.is_sorted_by(|one, next| one < next));
        let many = |domain: &&&str| IN_MANY_COUNTRIES.contains(&domain.split('.').next().unwrap());
        assert_eq!(DOMAINS.iter().find(many), None);
    }

    #[rstest]
    #[case("gmail.com", true)]
    #[case("yahoo.com", true)]
    #[case("yahoo.co.uk", true)]
    #[case("gmx.net", true)]
    #[case("gmx.ch", true)]
    #[case("hotmail.fr", true)]
    #[case("outlook.com.br", true)]
    #[case("web.de", true)]
    #[case("proton.me", true)]
    #[case("qq.com", true)]
    #[case("contoso.com", false)]
    #[case("mail.gmail.com", false)]
    #[case("yahoo.contoso.com", false)]
    #[case("yahoo", false)]
    #[case("co.uk", false)]
    #[case("notgmail.com", false)]
    fn knows_the_providers_by_their_whole_name(#[case] domain: &str, #[case] public: bool) {
        assert_eq!(is_public(domain), public);
    }
}
