use super::*;

/// What a text names, as line and path.
fn named(module: &str, text: &str) -> Vec<String> {
    let module: Vec<String> = module.split("::").map(ToOwned::to_owned).collect();
    let (code, _) = without_tests(&bare(text));
    paths(&module, &code).into_iter().map(|(line, path)| format!("{line} {}", path.join("::"))).collect()
}

#[test]
fn a_path_counts_from_the_module_that_names_it() {
    let text = "use super::caller::Verifier;
        use super::super::graph as g;
        use self::members::One;
        let x = crate::values::X::<u8>::new();";
    let expected = ["1 entra::caller::Verifier", "2 graph", "3 entra::event::members::One", "4 values::X"];
    assert_eq!(named("entra::event", text), expected);
    assert_eq!(named("main", "guestlist::server::run()"), ["1 server::run"]);
}

#[test]
fn every_member_of_a_group_counts() {
    let text = "use crate::{
            entra::{self, caller::{Verifier as V, Settings}},
            graph::*,
            values,
        };
        use super::{a, b::c};";
    let expected =
        ["1 entra", "1 entra::caller::Verifier", "1 entra::caller::Settings", "1 graph", "1 values", "6 a", "6 b::c"];
    assert_eq!(named("signup", text), expected);
}

#[test]
fn only_the_items_for_tests_are_left_out() {
    let text = "#[cfg(test)]
        pub(crate) mod fake;
        use crate::a;
        #[cfg(test)]
        mod tests {
            fn f() { crate::b }
        }
        use crate::c;
        #[cfg(test)]
        fn f(x: [u8; 4]) { crate::d }
        use crate::e;";
    assert_eq!(named("graph", text), ["3 a", "8 c", "11 e"]);
    assert_eq!(without_tests(text).1, ["fake", "tests"]);
}

#[test]
fn what_comments_and_literals_hold_is_not_code() {
    let text = r##"// crate::a
        /* crate::b
        */ "{ crate::c \" crate::d" r#"crate::"e"# '{' '\'' crate::f::<'a, 'b>"##;
    assert_eq!(named("graph", text), ["3 f"]);
}
