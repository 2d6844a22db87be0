//! The lists that are measured.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// One list: its lines, and whom to look up in it.
pub(crate) struct Sample {
    /// The row's name, which is also the argument that measures it.
    pub(crate) name: &'static str,
    /// What its lines are.
    pub(crate) what: &'static str,
    pub(crate) lines: u64,
    pub(crate) header: &'static str,
    /// A line of the list.
    pub(crate) line: fn(u64) -> String,
    pub(crate) look_up: LookUp,
}

/// How a line is found.
pub(crate) enum LookUp {
    /// By the address that this makes of the line's number.
    Address(fn(u64) -> String),
    /// The library offers no look-up by code from outside.
    None,
}

const MILLION: u64 = 1_000_000;

const NAMES: [&str; 4] = ["Jo Bradford", "Sam Okafor", "Mia Lindqvist", "Li Wei"];
const TAGS: [&str; 4] = ["beta;press", "vip", "billing;beta", "press"];

/// Every list there is a row for.
pub(crate) const SAMPLES: [Sample; 7] = [
    Sample {
        name: "bare",
        what: "a bare address",
        lines: MILLION,
        header: "email",
        line: person,
        look_up: LookUp::Address(person),
    },
    Sample {
        name: "three-columns",
        what: "`name`, `tags`, `expires`",
        lines: MILLION,
        header: "email,name,tags,expires",
        line: |number| format!("{},{},{},2027-12-31", person(number), one_of(NAMES, number), one_of(TAGS, number)),
        look_up: LookUp::Address(person),
    },
    Sample {
        name: "three-quoted",
        what: "`name` in quotes, `tags`, `jobTitle`",
        lines: MILLION,
        header: "email,name,tags,jobTitle",
        line: |number| format!("{},\"{}, Dr\",{},Editor", person(number), one_of(NAMES, number), one_of(TAGS, number)),
        look_up: LookUp::Address(person),
    },
    Sample {
        name: "three-tagged",
        what: "the same as the second; the address has a `+tag`",
        lines: MILLION,
        header: "email,name,tags,expires",
        line: |number| format!("{},{},{},2027-12-31", tagged(number), one_of(NAMES, number), one_of(TAGS, number)),
        look_up: LookUp::Address(tagged),
    },
    Sample {
        name: "codes",
        what: "a code",
        lines: MILLION,
        header: "email,code",
        line: |number| format!(",{}", code(number)),
        look_up: LookUp::None,
    },
    Sample {
        name: "codes-three-columns",
        what: "a code, `uses`, `tags`, `expires`",
        lines: MILLION,
        header: "email,code,uses,tags,expires",
        line: |number| format!(",{},3,{},2027-12-31", code(number), one_of(TAGS, number)),
        look_up: LookUp::None,
    },
    Sample {
        name: "domains",
        what: "a domain",
        lines: MILLION / 10,
        header: "email",
        line: |number| format!("@partner{number}.example"),
        look_up: LookUp::Address(|number| format!("jo@partner{number}.example")),
    },
];

impl Sample {
    /// Writes the list into a file.
    pub(crate) fn write(&self, file: &Path) {
        let mut out = BufWriter::new(File::create(file).unwrap());
        writeln!(out, "{}", self.header).unwrap();
        for number in 0..self.lines {
            writeln!(out, "{}", (self.line)(number)).unwrap();
        }
        out.flush().unwrap();
    }
}

fn person(number: u64) -> String {
    format!("person{number}@fabrikam.com")
}

fn tagged(number: u64) -> String {
    format!("person{number}+news@fabrikam.com")
}

fn one_of(texts: [&'static str; 4], number: u64) -> &'static str {
    texts.into_iter().cycle().nth(usize::try_from(number % 4).unwrap()).unwrap()
}

/// A digest that no code has.
fn code(number: u64) -> String {
    let [one, two, three, four] = [1, 3, 5, 7].map(|factor| Random(number * factor + factor).next());
    format!("sha256:{one:016x}{two:016x}{three:016x}{four:016x}")
}

/// Numbers that look random and are the same at each run (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
