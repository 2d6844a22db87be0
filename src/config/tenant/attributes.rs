//! `[tenant.attributes]`: the types of attributes. Entra does not always say them.

use super::TenantSection;
use crate::config::engine::{Diagnostics, Origin};
use crate::config::known_names::KnownNames;
use crate::invites::columns;
use crate::values::{AttributeName, AttributeType, AttributeTypes, nearest};

/// Checks the declared types.
pub(in crate::config) fn types(
    section: &TenantSection,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> AttributeTypes {
    let mut declared: Vec<(AttributeName, AttributeType)> = Vec::new();
    diagnostics.within("tenant.attributes", |diagnostics| {
        for (written, kind) in &section.attributes {
            let Some(name) = names.resolve(written, &kind.origin, diagnostics) else { continue };
            if declared.iter().any(|(known, _)| known.is(name.as_str())) {
                diagnostics.error(&kind.origin, format!("the attribute {written:?} occurs twice"));
            }
            if columns::is_built_in(&name) && kind.value != AttributeType::String {
                let message = "is a text in every directory: leave it out";
                diagnostics.error_at(written, &kind.origin, message);
                continue;
            }
            declared.push((name, kind.value));
        }
    });
    declared.into_iter().collect()
}

/// Warns of a declared name that is nearly the same as a name that is used and not declared. Most likely one of the two is
/// a slip, and the value would be a text. Names of built-in attributes are all known, so they need no warning.
pub(in crate::config) fn warn_of_near_names(
    section: &TenantSection,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) {
    let custom = |name: &AttributeName| name.short().strip_prefix("ext.").map(str::to_owned);
    let declared: Vec<String> = names.types.iter().filter_map(|(name, _)| custom(name)).collect();
    let used = names.used();
    let undeclared = used.iter().filter(|name| names.types.declared(name.as_str()).is_none());
    let undeclared: Vec<String> = undeclared.filter_map(custom).collect();
    for (written, kind) in &section.attributes {
        let Some(own) = names.find(written).as_ref().and_then(custom) else { continue };
        let is_near = |name: &&String| nearest(name, declared.iter().map(String::as_str)) == Some(&own);
        let Some(name) = nearest(&own, undeclared.iter().filter(is_near).map(String::as_str)) else { continue };
        let message = format!(
            "is nearly the same as ext.{name}, which is used and would be a text: correct one of the two, or declare \
             \"ext.{name}\" as well"
        );
        diagnostics.within("tenant.attributes", |diagnostics| {
            diagnostics.warn_at(written, &kind.origin, message);
        });
    }
}

/// The name of a type in the configuration.
pub(in crate::config) fn type_name(declared: AttributeType) -> &'static str {
    match declared {
        AttributeType::Boolean => "boolean",
        AttributeType::Int64 => "int64",
        AttributeType::String | AttributeType::StringCollection => "string",
    }
}

/// Reports an attribute that must be a text and is declared as something else.
pub(in crate::config) fn expect_text(
    name: &AttributeName,
    names: &KnownNames,
    origin: &Origin,
    diagnostics: &mut Diagnostics,
) {
    let declared = names.types.of(name.as_str());
    if declared != AttributeType::String {
        let message = format!(
            "{} is declared as {:?}: name an attribute that is a text, or correct [tenant.attributes]",
            name.short(),
            type_name(declared)
        );
        diagnostics.error(origin, message);
    }
}
