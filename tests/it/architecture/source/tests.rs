use super::*;

/// A crate of these files.
fn source(files: &[(&str, &str)]) -> Source {
    Source::of(files.iter().map(|(path, text)| ((*text).to_owned(), PathBuf::from(path))))
}

/// What a file names of the crate, as line and path from the root.
fn named(source: &Source, path: &str) -> Vec<String> {
    let file = source.file(path);
    let names = file.names.iter().filter_map(|name| Some((name.line, source.absolute(file, &name.path)?)));
    names.map(|(line, path)| format!("{line} {}", path.join("::"))).collect()
}

/// Where a file's names are declared, as file and item.
fn declared(source: &Source, path: &str) -> Vec<String> {
    let file = source.file(path);
    let targets = file.names.iter().filter_map(|name| source.resolve(file, &name.path));
    targets.map(|target| format!("{} {}", target.file.path.display(), target.item.unwrap_or_default())).collect()
}

#[test]
fn a_path_counts_from_the_module_that_names_it() {
    let text = "use super::caller::Verifier;
        use super::super::graph as g;
        use self::members::One;
        use other::Two;
        fn f(x: crate::values::X<u8>) -> g::Y { Two::new(One) }";
    let found = named(&source(&[("entra/event.rs", text)]), "entra/event.rs");
    let expected =
        ["1 entra::caller::Verifier", "2 graph", "3 entra::event::members::One", "5 values::X", "5 graph::Y"];
    assert_eq!(found, [&expected[..], &["5 entra::event::members::One"]].concat());
    assert_eq!(named(&source(&[("main.rs", "fn f() { guestlist::server::run() }")]), "main.rs"), ["1 server::run"]);
}

#[test]
fn every_member_of_a_group_counts() {
    let text = "use crate::{
            entra::{self, caller::{Verifier as V, Settings}},
            values,
        };
        use super::{a, b::c};";
    let expected = ["2 entra", "2 entra::caller::Verifier", "2 entra::caller::Settings", "3 values", "5 a", "5 b::c"];
    assert_eq!(named(&source(&[("signup.rs", text)]), "signup.rs"), expected);
}

#[test]
fn only_the_code_for_tests_is_left_out() {
    let text = "#[cfg(test)]
        pub(crate) mod fake;
        use crate::a;
        #[cfg(test)]
        mod tests { use crate::{b}; }
        struct S<T> { other: crate::d, #[doc(hidden)] #[cfg(test)] known: Map<crate::c, T>, }
        #[cfg(test)]
        fn f<X, Y>(x: [u8; 4]) -> crate::e { S {} }
        #[cfg(test)]
        use crate::{f, g};
        fn h() { #[cfg(test)] crate::i(); crate::j() }";
    let source = source(&[("graph.rs", text), ("graph/fake.rs", "use crate::k;")]);
    assert_eq!(named(&source, "graph.rs"), ["3 a", "6 d", "11 j"]);
    assert_eq!(source.files.len(), 1);
}

#[test]
fn what_comments_and_texts_hold_is_not_code_and_what_macros_hold_is() {
    let text = r##"
        /// crate::a
        fn f() {
            /* crate::b */
            let x = ("{ crate::c \" crate::d", r#"crate::"e"#, '{', '\'');
            info!(field = %crate::g::<u8>(x), "crate::h {}", [crate::i]);
        }"##;
    assert_eq!(named(&source(&[("graph.rs", text)]), "graph.rs"), ["6 g", "6 i"]);
}

#[test]
fn a_name_is_found_where_it_is_declared() {
    let source = source(&[
        ("lib.rs", "pub mod rooms; pub mod user;"),
        ("rooms.rs", "pub use inner::{Chair, sit}; pub struct Table; pub mod inner; pub mod sit; guid! { Lamp }"),
        ("rooms/inner.rs", "pub struct Chair; pub fn sit() {}"),
        ("rooms/sit.rs", "pub fn down() {}"),
        (
            "user.rs",
            "use crate::rooms; use rooms::Chair as Seat; use external::Thing;
            fn f(table: rooms::Table, lamp: &rooms::Lamp) { rooms::sit(); rooms::sit::down(); Seat::new(Thing, table) }",
        ),
    ]);
    let expected = ["rooms.rs ", "rooms/inner.rs Chair", "rooms.rs Table", "rooms.rs Lamp", "rooms/inner.rs sit"];
    let expected = [&expected[..], &["rooms/sit.rs down", "rooms/inner.rs Chair"]].concat();
    assert_eq!(declared(&source, "user.rs"), expected);
}
