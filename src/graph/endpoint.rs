//! Addresses of Microsoft Graph.

use url::Url;

/// The version of the API.
const VERSION: &str = "v1.0";

/// `{base}/v1.0/{parts…}`, each part encoded.
pub(super) fn endpoint(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(VERSION).extend(parts);
    }
    url
}
