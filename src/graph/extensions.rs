//! Custom attributes: called `ext.Plan` here and `extension_<app id without hyphens>_Plan` in the directory.

use crate::values::AppId;

/// The tenant's custom attributes that the configuration asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extensions {
    /// The app id of the tenant's `b2c-extensions-app`.
    pub app: AppId,
    /// The short names (`Plan`) of those to be read: every `ext.X` of a template or a condition.
    pub names: Vec<String>,
}

impl Extensions {
    /// The directory's name of the attribute with this short name (without `ext.`).
    #[must_use]
    pub(crate) fn property(&self, short: &str) -> String {
        format!("{}{short}", self.prefix())
    }

    /// The short name of a property, if it is one of these attributes.
    #[must_use]
    pub(crate) fn short_name<'a>(&self, property: &'a str) -> Option<&'a str> {
        let prefix = self.prefix();
        let starts = property.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
        let rest = if starts { property.get(prefix.len()..) } else { None };
        rest.filter(|short| !short.is_empty())
    }

    fn prefix(&self) -> String {
        format!("extension_{}_", self.app.as_str().replace('-', ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_and_the_directorys_name_lead_to_each_other() {
        let app = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap();
        let extensions = Extensions { app, names: Vec::new() };
        let property = extensions.property("Plan_B");
        assert_eq!(property, "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Plan_B");
        assert_eq!(extensions.short_name(&property), Some("Plan_B"));
        assert_eq!(extensions.short_name("extension_00000000000000000000000000000001_Plan_B"), None);
        assert_eq!(extensions.short_name("city"), None);
    }
}
