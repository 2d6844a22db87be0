use std::fmt::Debug;

use super::super::decode::{section, unnamed};
use super::super::problems::Problem;
use super::super::tree::parse_file;
use super::*;

section! {
    /// The keys of all animals.
    struct AnimalKeys {
        /// The name.
        /// Example: `"Rex"`
        name: Spanned<String> => unnamed(),
        /// When it sleeps.
        sleeps: Option<String> = None,
        /// What it is fed.
        food: Vec<String> = Vec::new(),
    }
}

section! {
    /// A dog.
    struct DogSection {
        /// How it barks.
        bark: String => String::new(),
        /// Whether it fetches.
        fetches: bool = false,
    }
    shared {
        /// Example: `"Bello"`
        name,
        /// When the dog sleeps.
        sleeps before fetches,
    }
}

section! {
    /// A fish.
    struct FishSection {
        /// The litres of water.
        litres: usize => 0,
    }
    planned { "salt" }
}

trait Animal: Debug {
    fn describe(&self) -> String;
}

impl Animal for DogSection {
    fn describe(&self) -> String {
        format!("a dog that says {} ({})", self.bark, self.fetches)
    }
}

impl Animal for FishSection {
    fn describe(&self) -> String {
        format!("a fish in {} litres", self.litres)
    }
}

const fn kind<S: SectionKeys + Animal + 'static>(word: &'static str) -> Kind<dyn Animal> {
    Kind::new::<S>(word, |section, diagnostics| {
        let animal: Arc<dyn Animal> = Arc::new(S::decode_keys(section, diagnostics));
        animal
    })
}

static DOG: &[Kind<dyn Animal>] = &[kind::<DogSection>("dog")];
static BOTH: &[Kind<dyn Animal>] = &[kind::<DogSection>("dog"), kind::<FishSection>("fish")];

fn kinds(available: &'static [Kind<dyn Animal>], first_is_default: bool) -> Kinds<dyn Animal> {
    Kinds { available, planned: &["cat"], first_is_default }
}

/// The shared keys and the description, or every problem.
fn decoded(kinds: &Kinds<dyn Animal>, text: &str) -> Result<(AnimalKeys, String), Vec<String>> {
    let mut diagnostics = Diagnostics::default();
    let root = parse_file(text, &mut diagnostics.problems);
    match kinds.decode::<AnimalKeys>(&root, &mut diagnostics) {
        Some((keys, Some(animal))) if diagnostics.problems.is_empty() => Ok((keys, animal.describe())),
        _ => Err(diagnostics.problems.iter().map(|problem: &Problem| problem.describe("f")).collect()),
    }
}

#[test]
fn a_section_has_the_keys_of_all_kinds_and_those_of_its_own() {
    let both = kinds(BOTH, false);
    let (keys, dog) = decoded(&both, "kind = 'dog'\nname = 'Rex'\nbark = 'woof'\nfood = ['bone']").unwrap();
    assert_eq!((keys.name.value.as_str(), keys.sleeps, keys.food), ("Rex", None, vec!["bone".to_owned()]));
    assert_eq!(dog, "a dog that says woof (false)");
    let fish = decoded(&both, "kind = 'fish'\nname = 'Wanda'\nlitres = 40");
    assert_eq!(fish.unwrap().1, "a fish in 40 litres");
}

#[test]
fn every_slip_is_found_with_the_nearest_key_of_either_sort() {
    let slips = decoded(&kinds(BOTH, false), "kind = 'fish'\nnaem = 'Wanda'\nlitre = 40\nsalt = 3\nbark = 'blub'");
    let expected = [
        "f:2:1: naem: unknown key: did you mean name?",
        "f:3:1: litre: unknown key: did you mean litres?",
        "f:4:1: salt: is not supported by this version: remove it",
        "f:5:1: bark: unknown key",
    ];
    assert_eq!(slips.unwrap_err(), expected);
}

#[test]
fn a_kind_that_is_not_there_is_an_error_that_names_those_that_are() {
    let both = kinds(BOTH, false);
    let error = |text| decoded(&both, text).unwrap_err();
    assert_eq!(error("name = 'Rex'"), ["f:1:1: kind: this key is missing"]);
    assert_eq!(error("name = 'Rex'\nkind = 'cow'"), ["f:2:8: kind: \"cow\" is none of dog, fish"]);
    assert_eq!(error("name = 'Rex'\nkind = 'cat'"), ["f:2:8: kind: \"cat\" is not supported by this version"]);
    assert_eq!(error("name = 'Rex'\nkind = 3"), ["f:2:8: kind: expected a string, found a number"]);
}

#[test]
fn a_slip_in_the_kind_hides_no_other() {
    let both = kinds(BOTH, false);
    let problems = |text| decoded(&both, text).unwrap_err();
    let fish = [
        "f:1:8: kind: \"fihs\" is none of dog, fish",
        "f:3:10: litres: expected a whole number, zero or more, found a string",
    ];
    assert_eq!(problems("kind = 'fihs'\nname = 'Wanda'\nlitres = 'ten'"), fish);
    // The key is misspelt, and what it says is read.
    let dog = ["f:1:1: knid: unknown key: did you mean kind?", "f:2:8: bark: expected a string, found a number"];
    assert_eq!(problems("knid = 'dog'\nbark = 7\nname = 'Rex'"), dog);
    // Of a kind that nobody knows, the keys of any kind can be meant, and those of all kinds are checked.
    let any = [
        "f:1:8: kind: \"elephant\" is none of dog, fish",
        "f:3:1: wings: unknown key",
        "f:4:8: food: expected a list, found a number",
    ];
    assert_eq!(problems("kind = 'elephant'\nbark = 'toot'\nwings = 0\nfood = 7\nname = 'Jumbo'"), any);
    // The keys of a kind that is planned are not known yet.
    let planned =
        ["f:1:8: kind: \"cat\" is not supported by this version", "f:3:8: food: expected a list, found a number"];
    assert_eq!(problems("kind = 'cat'\nwhiskers = 12\nfood = 7\nname = 'Tom'"), planned);
}

#[test]
fn the_first_kind_may_be_that_of_sections_that_name_none() {
    let both = kinds(BOTH, true);
    for text in ["name = 'Rex'\nbark = 'woof'", "kind = 'dog'\nname = 'Rex'\nbark = 'woof'"] {
        assert_eq!(decoded(&both, text).unwrap().0.name.value, "Rex");
    }
    assert!(decoded(&both, "kind = 'fish'\nname = 'Wanda'\nlitres = 40").is_ok());
}

#[test]
fn as_long_as_there_is_one_kind_only_it_is_not_named() {
    let dog = kinds(DOG, true);
    assert_eq!(decoded(&dog, "name = 'Rex'\nbark = 'woof'").unwrap().0.name.value, "Rex");
    let error = decoded(&dog, "kind = 'dog'\nname = 'Rex'\nbark = 'woof'").unwrap_err();
    assert_eq!(error, ["f:1:1: kind: unknown key"]);
    let Shape::Section(section) = dog.shape::<AnimalKeys>() else { panic!() };
    assert_eq!((section.name, section.about.as_str()), ("Animal", "A dog."));
    assert!(section.keys.iter().all(|key| key.name != "kind"));
}

/// The keys of a kind, in their order: each with its description, and whether it must be there.
fn described(shape: &Shape, word: &str) -> Vec<(&'static str, String, bool)> {
    let Shape::Kinds { kinds, .. } = shape else { panic!("{shape:?}") };
    let (_, section) = kinds.iter().find(|(known, _)| *known == word).unwrap();
    section.keys.iter().map(|key| (key.name, key.about.clone(), key.required)).collect()
}

#[test]
fn a_kind_describes_shared_keys_in_its_own_words_and_at_its_own_place() {
    let shape = kinds(BOTH, true).shape::<AnimalKeys>();
    let key = |name, about: &str, required| (name, about.to_owned(), required);
    let is_dog = key("kind", "Says of which kind this is.", false);
    let dog = [
        is_dog,
        key("name", "The name.", true),
        key("bark", "How it barks.", true),
        key("sleeps", "When the dog sleeps.", false),
        key("fetches", "Whether it fetches.", false),
        key("food", "What it is fed.", false),
    ];
    assert_eq!(described(&shape, "dog"), dog);
    let fish = [
        key("kind", "Says of which kind this is.", true),
        key("name", "The name.", true),
        key("litres", "The litres of water.", true),
        key("sleeps", "When it sleeps.", false),
        key("food", "What it is fed.", false),
    ];
    assert_eq!(described(&shape, "fish"), fish);
    let Shape::Kinds { kinds, .. } = shape else { panic!() };
    let examples = |at: usize| kinds[at].1.keys[1].examples();
    assert_eq!((examples(0), examples(1)), (vec!["Bello".into()], vec!["Rex".into()]));
}
