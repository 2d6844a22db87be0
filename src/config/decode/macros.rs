//! How sections and words are declared: once, for reading them and for describing them.

/// Declares a section of the file: its keys, their types, and their defaults (`=`) or stand-ins (`=>`); keys that have
/// only one value so far, which are checked and not kept; and keys that are planned but not there yet. `as` says what a
/// text is about. The doc comments are the reference that users read, see [`shape`](crate::config::shape).
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        struct $name:ident {
            $(
                $(#[doc = $key_doc:literal])*
                $key:ident : $type:ty $( as $form:ident )? $( = $default:expr )? $( => $stand_in:expr )?
            ),* $(,)?
        }
        $( only { $( $(#[doc = $only_doc:literal])* $only:ident : $only_type:ty ),* $(,)? } )?
        $( planned { $( $planned:literal ),* $(,)? } )?
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub(in $crate::config) struct $name {
            $( $(#[doc = $key_doc])* pub(in $crate::config) $key: $type, )*
        }

        impl $crate::config::decode::Decode for $name {
            fn decode(
                node: &$crate::config::tree::Node,
                reading: &mut $crate::config::decode::Reading,
            ) -> Option<Self> {
                use $crate::config::decode;
                let node = decode::structured(node, reading)?;
                let table = decode::as_table(&node, reading)?;
                let known = [$( stringify!($key), )* $( $( stringify!($only), )* )?];
                decode::unknown_keys(table, &known, &[$( $( $planned ),* )?], reading);
                $( $( decode::key::<Option<$only_type>>(
                    table, &node, stringify!($only), &decode::Otherwise::Default(|| None), reading,
                )?; )* )?
                $( let $key = decode::key::<$type>(
                    table, &node, stringify!($key),
                    &decode::section!(@otherwise $type $( = $default )? $( => $stand_in )?), reading,
                ); )*
                Some(Self { $( $key: $key?, )* })
            }

            fn shape() -> $crate::config::shape::Shape {
                use $crate::config::{decode, shape};
                let keys = vec![
                    $( shape::Key::new(
                        stringify!($key), &[$( $key_doc ),*], <$type as decode::Decode>::shape(),
                    )
                    $( .of(shape::Form::$form) )?
                    .otherwise(&decode::section!(@otherwise $type $( = $default )? $( => $stand_in )?)), )*
                    $( $( shape::Key::new(
                        stringify!($only), &[$( $only_doc ),*], <$only_type as decode::Decode>::shape(),
                    ).only(), )* )?
                ];
                shape::Shape::Section(shape::Section::new(stringify!($name), &[$( $doc ),*], keys))
            }
        }
    };
    (@otherwise $type:ty = $default:expr) => { $crate::config::decode::Otherwise::<$type>::Default(|| $default) };
    (@otherwise $type:ty => $stand_in:expr) => { $crate::config::decode::Otherwise::<$type>::StandIn(|| $stand_in) };
    (@otherwise $type:ty) => { $crate::config::decode::Otherwise::<$type>::Nothing };
}
pub(in crate::config) use section;

/// Declares a word that is one of a few, of a type whose values can be compared. The doc comment of a word says what it
/// means, for the reference.
macro_rules! choice {
    (
        $type:ty { $( $(#[doc = $doc:literal])* $word:literal => $value:expr ),* $(,)? }
        $( planned { $( $planned:literal ),* } )?
    ) => {
        impl $crate::config::decode::Decode for $type {
            fn decode(
                node: &$crate::config::tree::Node,
                reading: &mut $crate::config::decode::Reading,
            ) -> Option<Self> {
                let word = String::decode(node, reading)?;
                match word.as_str() {
                    $( $word => return Some($value), )*
                    $( $( $planned => reading.error(&node.origin, format!("{word:?} is not supported by this version")), )* )?
                    _ => reading.error(&node.origin, format!("{word:?} is none of {}", [$( $word ),*].join(", "))),
                }
                None
            }

            fn shape() -> $crate::config::shape::Shape {
                use $crate::config::shape::{Shape, Word};
                Shape::Word(vec![$( Word::new($word, &[$( $doc ),*]) ),*])
            }

            fn written(&self) -> Option<serde_json::Value> {
                let words = [$( ($word, $value) ),*];
                words.into_iter().find(|(_, value)| value == self).map(|(word, _)| word.into())
            }
        }
    };
}
pub(in crate::config) use choice;
