//! `prefill` of a policy: templates, and constants, which must fit the types of their attributes.

use super::PolicySection;
use crate::config::engine::{Diagnostics, Origin, Spanned};
use crate::config::expressions::scope::Scope;
use crate::config::known_names::KnownNames;
use crate::config::scalar::Scalar;
use crate::config::tenant::attributes::type_name;
use crate::invites::columns;
use crate::signup::policy::PrefillValue;
use crate::signup::prefill::NAMES;
use crate::values::{AttributeName, AttributeValue};

/// Checks `prefill`.
pub(super) fn prefill(
    section: &PolicySection,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Vec<(AttributeName, PrefillValue)> {
    let scope = Scope::of_templates(names);
    diagnostics.within("prefill", |diagnostics| {
        let build = |(written, constant): (&String, &Spanned<Scalar>)| {
            let name = names.attribute(written, &constant.origin, diagnostics);
            let code = section.invitation_code.as_ref().and_then(|field| names.find(&field.value));
            if name.is_some() && name == code {
                let message = "is the field for an invitation code, which the person has to type";
                diagnostics.error_at(written, &constant.origin, message);
            }
            let value = match &constant.value.0 {
                AttributeValue::String(text) => scope
                    .template(text, &NAMES, &constant.origin, diagnostics)
                    .filter(|template| !template.is_literal())
                    .map_or_else(|| PrefillValue::Constant(constant.value.0.clone()), PrefillValue::Template),
                value => PrefillValue::Constant(value.clone()),
            };
            let name = name?;
            if let PrefillValue::Constant(value) = &value {
                diagnostics
                    .within(written, |diagnostics| check_type(&name, value, names, &constant.origin, diagnostics));
            }
            Some((name, value))
        };
        section.prefill.iter().filter_map(build).collect()
    })
}

/// Reports a value that the declared type cannot express. Warns of a number or a yes or no without a declared type.
fn check_type(
    name: &AttributeName,
    value: &AttributeValue,
    names: &KnownNames,
    origin: &Origin,
    diagnostics: &mut Diagnostics,
) {
    let declared = names.types.declared(name.as_str());
    if !value.is_empty() && declared.is_some_and(|declared| value.convert(declared).is_none()) {
        diagnostics.error(origin, "cannot be said in the type that [tenant.attributes] gives the attribute");
    }
    if matches!(value, AttributeValue::String(_) | AttributeValue::StringCollection(_)) || declared.is_some() {
        return;
    }
    if !names.types_are_known || names.is_near_a_declared(name) {
        // The types, or the slip in one of their names, are reported in [tenant.attributes].
        return;
    }
    let message = if columns::is_built_in(name) {
        "is sent as a text, since that is what the attribute is: write it in quotes".to_owned()
    } else {
        let (short, own) = (name.short(), type_name(value.attribute_type()));
        format!("is sent as a text: write {short:?} = {own:?} into [tenant.attributes] if it is none")
    };
    diagnostics.warn(origin, message);
}
