//! The dearest rules that `guestlist check` accepts, over the forms that are worst for them: what one person can cost.

use std::time::Instant;

use guestlist::clock::{Clock, SystemClock};
use guestlist::signup::messages::Messages;
use guestlist::values::{self, AttributeName, AttributeValue, FormField};

use super::{decision, policy_with, verified};

/// Rules that become dearer with a number, and the form that is worst for them.
pub(crate) type Worst = (&'static str, fn(usize) -> String, values::Form);

/// The longest texts that are accepted.
const LONGEST: usize = 4096;

pub(crate) fn worst() -> Vec<Worst> {
    let form = |fields: &[(&str, String)]| {
        let field = |(name, value): &(&str, String)| FormField {
            name: AttributeName::new(*name),
            attribute_type: values::AttributeType::String,
            value: Some(AttributeValue::String(value.clone())),
        };
        values::Form(fields.iter().map(field).collect())
    };
    // Letters in no order, from a fixed seed, so that nearly every place in the text is new to a pattern.
    let mut seed = 20_261_121_u64;
    let mut letter = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if seed >> 63 == 0 { 'a' } else { 'b' }
    };
    let letters: String = (0..LONGEST).map(|_| letter()).collect();
    let choices = (0..256).map(|number| format!("{number:015}")).collect::<Vec<_>>().join(",");
    let interests = "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Interests";
    let long = form(&[("companyName", "x".repeat(1024)), (interests, choices.clone())]);
    // One number of each of many countries, in a text that is as long as it can be.
    let number = |at: usize| {
        let (name, code) = (
            format!("{}{at}", interests.replace("Interests", "Phone")),
            [1, 49, 43, 91, 86, 44, 39, 7][at % 8] + at / 8,
        );
        (name, format!("{:>LONGEST$}", format!("+{code}201234567")))
    };
    let numbers: Vec<_> = (0..64).map(number).collect();
    let numbers: Vec<_> = numbers.iter().map(|(name, number)| (name.as_str(), number.clone())).collect();
    let empty = form(&[("city", String::new()), ("companyName", "x".repeat(1024)), (interests, choices.clone())]);
    vec![
        ("one pattern", large_pattern, form(&[("companyName", letters.clone())])),
        ("patterns", small_patterns, form(&[("companyName", letters)])),
        ("normalise", steps, form(&[("companyName", "\u{fdfa}".repeat(LONGEST / 33))])),
        ("conditions with loops", loops, long.clone()),
        ("conditions without loops", conditions, long.clone()),
        ("comparisons of lists", comparisons, long.clone()),
        ("lists in loops", lists_in_loops, long.clone()),
        ("comparisons of all attributes", objects, long),
        ("required fields that are empty", emptiness, empty),
        ("phone numbers", phones, form(&numbers)),
        ("choices", choices_of_many, form(&[(interests, ["x999"; 256].join(","))])),
    ]
}

fn large_pattern(size: usize) -> String {
    format!("[[policies.rules]]\nattribute = \"companyName\"\npattern = \"[ab]*a[ab]{{{}}}c\"\n", 10 * size)
}

fn small_patterns(number: usize) -> String {
    let one = |at| format!("[[policies.rules]]\nattribute = \"companyName\"\npattern = \"[ab]*a[ab]{{15}}c{at}\"\n");
    (0..number).map(one).collect()
}

fn steps(number: usize) -> String {
    let steps = vec!["\"nfkc\""; number].join(", ");
    format!("[[policies.rules]]\nattribute = \"companyName\"\nnormalise = [{steps}]\n")
}

fn loops(number: usize) -> String {
    let part = "attributes.companyName.contains(one)";
    let body = [part; 10].join(" || ");
    let one = format!("attributes.ext.Interests.exists(one, {body}) || int(attributes.companyName) > 3");
    format!("[[policies.rules]]\nwhen = \"{one}\"\n").repeat(number)
}

fn conditions(number: usize) -> String {
    let all = ["'x' in attributes.ext.Interests"; 20].join(" || ");
    format!("[[policies.rules]]\nwhen = \"{all} || int(attributes.companyName) > 3\"\n").repeat(number)
}

fn comparisons(number: usize) -> String {
    let list = ["attributes.ext.Interests"; 10].join(", ");
    let part = format!("[{list}] == [{list}] && 'x' in [{list}]");
    format!("[[policies.rules]]\nwhen = \"{part}\"\n").repeat(number)
}

/// So many copies of the list in each of 256 rounds.
fn lists_in_loops(number: usize) -> String {
    let list = "attributes.ext.Interests";
    let copies = vec![list; number].join(", ");
    format!("[[policies.rules]]\nwhen = \"{list}.exists(one, {list} in [{copies}] && one == 'x')\"\n")
}

fn objects(number: usize) -> String {
    let part = "[attributes, attributes.ext] == [attributes, attributes.ext] && attributes == invite";
    format!("[[policies.rules]]\nwhen = \"{part}\"\n").repeat(number)
}

/// Conditions that fail from emptiness alone, and each time a value that has changed before it.
fn emptiness(number: usize) -> String {
    let check = |at: usize| {
        let step = if at.is_multiple_of(2) { "upper" } else { "lower" };
        let tidy = format!("[[policies.rules]]\nattribute = \"companyName\"\nnormalise = [\"{step}\"]\n");
        format!(
            "{}[[policies.rules]]\nwhen = \"-attributes.city == 'n'\"\n",
            if at < 16 { tidy } else { String::new() }
        )
    };
    let required = "[[policies.rules]]\nattribute = \"city\"\nrequired = \"if-asked\"\n\
                    when = \"attributes.ext.Interests.exists(one, one == attributes.city)\"\n";
    (0..number).map(check).chain([required.to_owned()]).collect()
}

fn phones(number: usize) -> String {
    let one = |at| format!("[[policies.rules]]\nattribute = \"ext.Phone{at}\"\nnormalise = [\"phone\"]\n");
    (0..number).map(one).collect()
}

fn choices_of_many(number: usize) -> String {
    let values = (0..1000).map(|value| format!("\"x{value}\"")).collect::<Vec<_>>().join(", ");
    format!("[[policies.rules]]\nattribute = \"ext.Interests\"\none_of = [{values}]\n").repeat(number)
}

/// How long the dearest policy of a kind that is accepted takes over its worst form: the slowest of some decisions.
pub(crate) fn worst_form(name: &str, rules: fn(usize) -> String, form: &values::Form) -> String {
    let accepted = |number: usize| policy_with(&rules(number));
    // Between what is accepted and what is not.
    let (mut low, mut high) = (1, 512);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if accepted(middle).is_some() { low = middle } else { high = middle }
    }
    let policy = accepted(low).unwrap();
    let (found, messages, now) = (verified("ada@contoso.com"), Messages::default(), SystemClock.now());
    let once = || {
        let began = Instant::now();
        divan::black_box(decision(&policy, form, &found, &messages, now));
        began.elapsed()
    };
    // What the service prepares at its start, the numbering plans of phone numbers, is prepared by the first time.
    once();
    let slowest = (0..5).map(|_| once()).max().unwrap();
    format!(
        "the worst form under the dearest rules that are accepted, {name} (size {low}): {slowest:?}, to be about 20 ms at most"
    )
}
