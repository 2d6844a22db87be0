//! Declarations of sections and choices. One declaration yields the decoder and the description.

/// Declares a section of the file.
///
/// A key has a name, a type, and a default (`=`) or a placeholder (`=>`), see [`Fallback`](super::Fallback). A key without
/// either does not compile: a section is always decoded, so a required key needs a placeholder. `as` names the format of a text, see [`TextFormat`](crate::config::engine::TextFormat). Keys in
/// `only` have one value so far: they are checked and not kept. Keys in `planned` are errors that say so. `shared` is for
/// a section of one kind: what this kind says about keys that all kinds have, and before which of its own keys they
/// stand, see [`Kinds`](crate::config::engine::Kinds). `limits` says what keys accept beyond their type, see
/// [`Limit`](crate::config::engine::Limit); at least one of the keys in `one_of` has to be there; a key in `needs` needs
/// another key to be a certain word. These three describe what the section's own check refuses. `struct Name: Default` also implements `Default` with the defaults
/// of the keys. Users read the doc comments in the reference, see [`Shape`](crate::config::engine::Shape).
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        struct $name:ident $( : $trait:ident )? {
            $(
                $(#[doc = $key_doc:literal])*
                $key:ident : $type:ty $( as $format:ident )? $( = $default:expr )? $( => $placeholder:expr )?
            ),* $(,)?
        }
        $( only { $( $(#[doc = $only_doc:literal])* $only:ident : $only_type:ty ),* $(,)? } )?
        $( shared { $( $(#[doc = $shared_doc:literal])* $shared:ident $( before $before:ident )? ),* $(,)? } )?
        $( limits { $( $limited:ident : $limit:expr ),* $(,)? } )?
        $( one_of { $( $one:ident ),* $(,)? } )?
        $( needs { $( $needs:ident : $needed:ident $needed_word:literal ),* $(,)? } )?
        $( planned { $( $planned:literal ),* $(,)? } )?
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub(in $crate::config) struct $name {
            $( $(#[doc = $key_doc])* pub(in $crate::config) $key: $type, )*
        }

        impl $crate::config::engine::Decode for $name {
            fn decode(
                node: &$crate::config::engine::Node,
                diagnostics: &mut $crate::config::engine::Diagnostics,
            ) -> Option<Self> {
                $crate::config::engine::decode_section(node, diagnostics)
            }

            fn shape() -> $crate::config::engine::Shape {
                $crate::config::engine::Shape::Section(<Self as $crate::config::engine::SectionKeys>::section())
            }
        }

        impl $crate::config::engine::SectionKeys for $name {
            const KNOWN: &'static [&'static str] = &[$( stringify!($key), )* $( $( stringify!($only), )* )?];
            const PLANNED: &'static [&'static str] = &[$( $( $planned ),* )?];

            fn decode_keys(
                section: &$crate::config::engine::SectionNode<'_>,
                diagnostics: &mut $crate::config::engine::Diagnostics,
            ) -> Self {
                use $crate::config::engine;
                $( $( engine::decode_key::<Option<$only_type>>(
                    section, stringify!($only), &engine::Fallback::Default(|| None),
                    <Self as engine::SectionKeys>::section, diagnostics,
                ); )* )?
                $( let $key = engine::decode_key::<$type>(
                    section, stringify!($key),
                    &engine::section!(@fallback $type $( = $default )? $( => $placeholder )?),
                    <Self as engine::SectionKeys>::section, diagnostics,
                ); )*
                Self { $( $key, )* }
            }

            fn section() -> $crate::config::engine::Section {
                use $crate::config::engine;
                let keys = vec![
                    $( engine::section!(@fallback $type $( = $default )? $( => $placeholder )?).describe(
                        engine::Key::new(
                            stringify!($key), &[$( $key_doc ),*], <$type as engine::Decode>::shape(),
                        ) $( .with_format(engine::TextFormat::$format) )?,
                    ), )*
                    $( $( engine::Key::new(
                        stringify!($only), &[$( $only_doc ),*], <$only_type as engine::Decode>::shape(),
                    ).single_value(), )* )?
                ];
                $( let _ = |section: &Self| { $( let _ = &section.$limited; )* }; )?
                engine::Section::new(stringify!($name), &[$( $doc ),*], keys)
                    $( $( .limited(stringify!($limited), engine::Limit::from($limit)) )* )?
                    $( .with_one_of(vec![$( stringify!($one) ),*]) )?
                    $( $( .with_need(stringify!($needs), stringify!($needed), $needed_word) )* )?
                    $( .sharing(vec![$( engine::SharedKey::new(
                        stringify!($shared), &[$( $shared_doc ),*], &[$( stringify!($before) )?],
                    ) ),*]) )?
            }
        }

        $crate::config::engine::section!(
            @implement [$( $trait )?] $name [$( $key $( = $default )? $( => $placeholder )? ),*]
        );
    };
    (@fallback $type:ty = $default:expr) => { $crate::config::engine::Fallback::<$type>::Default(|| $default) };
    (@fallback $type:ty => $placeholder:expr) => {
        $crate::config::engine::Fallback::<$type>::Placeholder(|| $placeholder)
    };
    (@implement [] $name:ident $keys:tt) => {};
    (@implement [Default] $name:ident [$( $key:ident $( = $default:expr )? $( => $placeholder:expr )? ),*]) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $( $key: $( $default )? $( $placeholder )?, )* }
            }
        }
    };
}
pub(in crate::config) use section;

/// Declares the words that a type can be written as. Words in `planned` are errors that say so. Users read the doc comment
/// of a word in the reference. The type must implement `PartialEq`.
macro_rules! choice {
    (
        $type:ty { $( $(#[doc = $doc:literal])* $word:literal => $value:expr ),* $(,)? }
        $( planned { $( $planned:literal ),* } )?
    ) => {
        impl $crate::config::engine::Decode for $type {
            fn decode(
                node: &$crate::config::engine::Node,
                diagnostics: &mut $crate::config::engine::Diagnostics,
            ) -> Option<Self> {
                let word = <String as $crate::config::engine::Decode>::decode(node, diagnostics)?;
                let problem = match word.as_str() {
                    $( $word => return Some($value), )*
                    $( $( $planned => format!("{word:?} is not supported by this version"), )* )?
                    _ => format!("{word:?} is none of {}", [$( $word ),*].join(", ")),
                };
                diagnostics.error(&node.origin, problem);
                None
            }

            fn shape() -> $crate::config::engine::Shape {
                use $crate::config::engine::{Choice, Shape};
                Shape::Choice(vec![$( Choice::new($word, &[$( $doc ),*]) ),*])
            }

            fn written(&self) -> Option<serde_json::Value> {
                let words = [$( ($word, $value) ),*];
                words.into_iter().find(|(_, value)| value == self).map(|(word, _)| word.into())
            }
        }
    };
}
pub(in crate::config) use choice;
