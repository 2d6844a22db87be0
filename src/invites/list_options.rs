//! What the configuration says about reading a list.

use std::sync::Arc;

use crate::values::{AppId, AttributeTypes};

/// How a list is read.
#[derive(Debug, Clone)]
pub struct ListOptions {
    /// The source's name.
    pub source: Arc<str>,
    /// The apps the whole source is for; empty: every app.
    pub apps: Vec<AppId>,
    /// The app id behind `ext.` columns.
    pub extension_app: Option<AppId>,
    /// The declared types of attributes, which cells must fit.
    pub types: AttributeTypes,
}
