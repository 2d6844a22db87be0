//! JSON read straight into what it is for, however odd it is: no tree is built of what nobody needs.
//!
//! What is valid is what `serde_json` takes for valid, with its limit of nesting: a part that nobody needs is read like
//! any other, and thrown away. A member is found in the exact spelling first, then in any case. If there are several
//! in other spellings, the first in the order of their bytes counts; if there are several of one spelling, the last.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A value of any kind, read as far as it is needed. Each method is for one kind; those that are not written mean
/// [`other`](Self::other).
pub(super) trait Lenient<'e>: Sized {
    /// What any other kind of value means.
    fn other() -> Self;

    fn null() -> Self {
        Self::other()
    }

    fn boolean(_: bool) -> Self {
        Self::other()
    }

    fn number(_: Number) -> Self {
        Self::other()
    }

    fn text(_: Cow<'e, str>) -> Self {
        Self::other()
    }

    fn list<A: SeqAccess<'e>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Read<Skipped>>()?.is_some() {}
        Ok(Self::other())
    }

    fn object<A: MapAccess<'e>>(mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Read<Skipped>, Read<Skipped>>()?.is_some() {}
        Ok(Self::other())
    }
}

/// A value that was read leniently.
pub(super) struct Read<T>(pub(super) T);

/// Reads the whole text. The error says where it is not JSON.
pub(super) fn read<'e, T: Lenient<'e>>(text: &'e [u8]) -> Result<T, serde_json::Error> {
    let Read(value) = match std::str::from_utf8(text) {
        // Each text within is then known to be UTF-8, too.
        Ok(text) => serde_json::from_str(text)?,
        Err(_) => serde_json::from_slice(text)?,
    };
    Ok(value)
}

impl<'e, T: Lenient<'e>> Deserialize<'e> for Read<T> {
    fn deserialize<D: Deserializer<'e>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(AnyKind(PhantomData)).map(Self)
    }
}

struct AnyKind<T>(PhantomData<T>);

impl<'e, T: Lenient<'e>> Visitor<'e> for AnyKind<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        // JSON has no numbers that are not finite.
        Ok(Number::from_f64(value).map_or_else(T::null, T::number))
    }

    fn visit_borrowed_str<E>(self, text: &'e str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'e>>(self, items: A) -> Result<T, A::Error> {
        T::list(items)
    }

    fn visit_map<A: MapAccess<'e>>(self, members: A) -> Result<T, A::Error> {
        T::object(members)
    }
}

/// A value that nobody needs.
pub(super) struct Skipped;

impl Lenient<'_> for Skipped {
    fn other() -> Self {
        Self
    }
}

/// A text, or what it is if it is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Text<'e> {
    #[default]
    Null,
    Written(Cow<'e, str>),
    /// A value of another kind.
    Other,
}

impl Text<'_> {
    /// The text; empty if it is none.
    pub(super) fn as_str(&self) -> &str {
        if let Self::Written(text) = self { text } else { "" }
    }

    /// The text; empty if it is none.
    pub(super) fn into_string(self) -> String {
        if let Self::Written(text) = self { text.into_owned() } else { String::new() }
    }
}

impl<'e> Lenient<'e> for Text<'e> {
    fn other() -> Self {
        Self::Other
    }

    fn null() -> Self {
        Self::Null
    }

    fn text(text: Cow<'e, str>) -> Self {
        Self::Written(text)
    }
}

/// The value of a member. Its default is that of a member that is absent.
#[derive(Debug, Default)]
pub(super) struct Member<'e, T> {
    /// The member's name as it was spelled; empty if it is absent.
    spelling: Cow<'e, str>,
    pub(super) value: T,
}

impl<'e, T: Lenient<'e>> Member<'e, T> {
    /// Reads one more value of the member `name`, which is spelled so there.
    pub(super) fn read<A: MapAccess<'e>>(
        &mut self,
        name: &str,
        spelling: Cow<'e, str>,
        members: &mut A,
    ) -> Result<(), A::Error> {
        let Read(value) = members.next_value()?;
        let known = self.spelling.as_ref();
        if known.is_empty() || spelling == name || (known != name && *spelling <= *known) {
            *self = Self { spelling, value };
        }
        Ok(())
    }
}

/// The members of an object that are needed.
pub(super) trait Members<'e>: Default {
    /// Reads the value of the member that is spelled so.
    fn read<A: MapAccess<'e>>(&mut self, spelling: Cow<'e, str>, members: &mut A) -> Result<(), A::Error>;
}

/// An object; `None` for a value of another kind.
pub(super) type Object<T> = Option<T>;

impl<'e, T: Members<'e>> Lenient<'e> for Object<T> {
    fn other() -> Self {
        None
    }

    fn object<A: MapAccess<'e>>(mut members: A) -> Result<Self, A::Error> {
        let mut object = T::default();
        while let Some(Read(Name(spelling))) = members.next_key()? {
            object.read(spelling, &mut members)?;
        }
        Ok(Some(object))
    }
}

/// The name of a member.
pub(super) struct Name<'e>(pub(super) Cow<'e, str>);

impl<'e> Lenient<'e> for Name<'e> {
    fn other() -> Self {
        Self(Cow::Borrowed(""))
    }

    fn text(text: Cow<'e, str>) -> Self {
        Self(text)
    }
}

/// The items of a list; none for a value of another kind.
#[derive(Debug, Default)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'e, T: Lenient<'e>> Lenient<'e> for List<T> {
    fn other() -> Self {
        Self(Vec::new())
    }

    fn list<A: SeqAccess<'e>>(mut items: A) -> Result<Self, A::Error> {
        let mut list = Vec::new();
        while let Some(Read(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Self(list))
    }
}

/// Declares the members of an object that are needed, each with its name in JSON.
macro_rules! members {
    ($(#[$doc:meta])* struct $object:ident { $($field:ident: $kind:ty = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Default)]
        struct $object<'e> {
            $($field: $crate::entra::json::Member<'e, $kind>,)+
        }

        impl<'e> $crate::entra::json::Members<'e> for $object<'e> {
            fn read<A: serde::de::MapAccess<'e>>(
                &mut self,
                spelling: std::borrow::Cow<'e, str>,
                members: &mut A,
            ) -> Result<(), A::Error> {
                $(if spelling.eq_ignore_ascii_case($name) {
                    return self.$field.read($name, spelling, members);
                })+
                members.next_value::<$crate::entra::json::Read<$crate::entra::json::Skipped>>().map(drop)
            }
        }
    };
}

pub(super) use members;
