//! `[[tests]]`, checked: sign-ups in short form, and the decisions that are expected of the policies.

mod keys;

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use strum::VariantArray;

use super::checks::{guid, unique};
use super::engine::{Diagnostics, Origin, Problem, Spanned};
use super::known_names::KnownNames;
use super::policies::sources::email_source;
use super::scalar::Scalar;
use crate::invites::csv_reader::{DayEdge, parse_moment};
use crate::signup::identity::EmailSource;
use crate::signup::reason::Reason;
use crate::values::{App, AppId, AttributeName, AttributeValue, AttributeValues, Client, did_you_mean};

pub(super) use keys::TestSection;
use keys::{ExpectSection, GivenSection};
pub(crate) use keys::{TestAction, TestCode, TestHook};

/// One test.
#[derive(Debug, Clone)]
pub(crate) struct PolicyTest {
    /// The sentence that names it.
    pub name: String,
    /// The place of its name.
    origin: Origin,
    pub(crate) hook: TestHook,
    /// Who signs up, and how.
    pub(crate) given: Given,
    /// What the policies are expected to decide.
    pub(crate) expect: Expected,
}

/// A sign-up in short form.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) email: Option<String>,
    pub(crate) source: EmailSource,
    pub(crate) app: App,
    pub(crate) client: Client,
    pub(crate) attributes: AttributeValues,
    pub(crate) code: Option<TestCode>,
    /// The columns of the only invitation. `None`: the real lists are asked.
    pub(crate) invitation: Option<BTreeMap<String, String>>,
    pub(crate) no_invitations: bool,
    pub(crate) at: Option<DateTime<Utc>>,
}

/// The expected decision. `None` stands for anything.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) action: TestAction,
    pub(crate) reason: Option<Reason>,
    pub(crate) reported: Option<TestAction>,
    pub(crate) title: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) errors: Option<BTreeMap<AttributeName, String>>,
    pub(crate) values: AttributeValues,
}

/// Checks the tests.
pub(super) fn policy_tests(
    sections: &[TestSection],
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Vec<PolicyTest> {
    diagnostics.within("tests", |diagnostics| {
        unique(sections.iter().map(|test| &test.name), diagnostics);
        let build = |section: &TestSection| {
            diagnostics.within(&section.name.value, |diagnostics| policy_test(section, names, diagnostics))
        };
        sections.iter().filter_map(build).collect()
    })
}

fn policy_test(section: &TestSection, names: &KnownNames, diagnostics: &mut Diagnostics) -> Option<PolicyTest> {
    let given = diagnostics.within("given", |diagnostics| given(&section.given, names, diagnostics));
    let expect = diagnostics.within("expect", |diagnostics| expected(&section.expect, names, diagnostics));
    Some(PolicyTest {
        name: section.name.value.clone(),
        origin: section.name.origin.clone(),
        hook: section.hook,
        given: given?,
        expect,
    })
}

fn given(section: &GivenSection, names: &KnownNames, diagnostics: &mut Diagnostics) -> Option<Given> {
    let source = email_source(&section.email_source, names, diagnostics);
    let id = section.app.as_ref().and_then(|id| guid::<AppId>(id, "app", diagnostics));
    let at = section.at.as_ref().and_then(|written| {
        diagnostics.ok_at("at", &written.origin, parse_moment(written.value.trim(), DayEdge::Start))
    });
    let ip = section.ip.as_ref().and_then(|ip| {
        let message = "expected a network address, such as 203.0.113.7";
        diagnostics.ok_at("ip", &ip.origin, ip.value.parse::<IpAddr>().map_err(|_| message))
    });
    if let (Some(invitation), true) = (&section.invitation, section.no_invitations) {
        diagnostics.error(&invitation.origin, "there cannot be an invitation and none: remove no_invitations");
    }
    Some(Given {
        email: section.email.clone(),
        source: source?,
        app: App { id, name: section.app_name.clone() },
        client: Client { ip, locale: section.locale.clone(), market: String::new() },
        attributes: values("attributes", &section.attributes, names, diagnostics),
        code: section.code,
        invitation: section.invitation.as_ref().map(|columns| columns.value.clone()),
        no_invitations: section.no_invitations,
        at,
    })
}

fn values(
    key: &str,
    written: &BTreeMap<String, Spanned<Scalar>>,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> AttributeValues {
    diagnostics.within(key, |diagnostics| {
        let value = |(name, constant): (&String, &Spanned<Scalar>)| {
            Some((names.attribute(name, &constant.origin, diagnostics)?, constant.value.0.clone()))
        };
        written.iter().filter_map(value).collect::<BTreeMap<AttributeName, AttributeValue>>()
    })
}

fn expected(section: &ExpectSection, names: &KnownNames, diagnostics: &mut Diagnostics) -> Expected {
    let reason = section.reason.as_ref().and_then(|written| {
        let reason = written.value.parse().ok();
        if reason.is_none() {
            let near = did_you_mean(&written.value, Reason::VARIANTS.iter().map(|reason| reason.name()));
            let message = format!("no decision has the reason {:?}{near}", written.value);
            diagnostics.error_at("reason", &written.origin, message);
        }
        reason
    });
    let errors = section.errors.as_ref().map(|errors| {
        diagnostics.within("errors", |diagnostics| {
            let text = |(name, text): (&String, &Spanned<String>)| {
                Some((names.attribute(name, &text.origin, diagnostics)?, text.value.clone()))
            };
            errors.iter().filter_map(text).collect()
        })
    });
    Expected {
        action: section.action,
        reason,
        reported: section.reported,
        title: section.title.clone(),
        message: section.message.clone(),
        errors,
        values: values("values", &section.values, names, diagnostics),
    }
}

impl PolicyTest {
    /// The problem to report if the test fails.
    #[must_use]
    pub(crate) fn problem(&self, difference: &str) -> Problem {
        Problem::error(Some(self.origin.clone()), &format!("tests.{}", self.name), difference)
    }
}
