//! What several tests share: the product as a service in this process or as a process of its own, and its tenant.

pub(crate) mod config;
pub(crate) mod function_app;
pub(crate) mod service;
pub(crate) mod stage;
pub(crate) mod wire;
pub(crate) mod with_codes;
