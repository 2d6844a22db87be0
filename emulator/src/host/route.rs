//! Routing: which function a request is for, by the prefix of `host.json` and the route and methods of `function.json`.

use super::project::{Function, Project};

impl Project {
    /// The HTTP function for this method and path. The host answers 404 if there is none, also if only the method is
    /// wrong.
    pub(super) fn route(&self, method: &str, path: &str) -> Option<&Function> {
        let mut functions = self.functions.iter().filter(|function| function.is("httpTrigger"));
        functions.find(|function| self.takes(function, method, path))
    }

    fn takes(&self, function: &Function, method: &str, path: &str) -> bool {
        let trigger = function.trigger();
        let mut methods = trigger.methods.iter();
        let method_fits = trigger.methods.is_empty() || methods.any(|own| own.eq_ignore_ascii_case(method));
        let route = trigger.route.as_deref().unwrap_or(&function.name);
        let pattern = format!("{}/{route}", self.route_prefix);
        method_fits && matches(&pattern, path)
    }
}

/// Whether `path` fits a route: text in any case, `{name}` for one segment, `{name?}` for one or none, `{*name}` for
/// the rest.
fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    for expected in pattern.split('/').filter(|segment| !segment.is_empty()) {
        if expected.starts_with("{*") {
            return true;
        }
        let Some(segment) = segments.next() else {
            return expected.ends_with("?}");
        };
        if !expected.starts_with('{') && !segment.eq_ignore_ascii_case(expected) {
            return false;
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn matches_without_regard_to_case_or_a_trailing_slash() {
        assert!(matches("api/Health", "/API/health/"));
        assert!(!matches("api/Health", "/Health"));
        assert!(!matches("api/Health", "/api/Health/more"));
    }

    #[test]
    fn fills_parameters() {
        assert!(matches("api/items/{id}", "/api/items/7"));
        assert!(!matches("api/items/{id}", "/api/items"));
        assert!(matches("api/items/{id?}", "/api/items"));
        assert!(matches("/{*rest}", "/any/thing"));
    }
}
