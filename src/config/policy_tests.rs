//! `[[tests]]`, compiled: sign-ups in short form, and what is expected of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::decode::{Reading, Spanned};
use super::file::{Constant, ExpectSection, File, GivenSection, TestAction, TestCode, TestHook, TestSection};
use super::hooks::guid;
use super::problems::Problem;
use super::sign_up::{Names, unique};
use super::tree::Origin;
use crate::invites::csv_reader::{DayEdge, parse_moment};
use crate::signup::identity::EmailSource;
use crate::signup::reasons;
use crate::values::{App, AppId, AttributeName, AttributeValue, AttributeValues, Client, did_you_mean};

/// One test.
#[derive(Debug, Clone)]
pub struct PolicyTest {
    /// What it says.
    pub name: String,
    /// Where it stands.
    origin: Origin,
    pub(crate) hook: TestHook,
    /// Who signs up, and how.
    pub(crate) given: Given,
    /// What is expected.
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
    /// The columns of the only invitation there is; `None`: the real lists are asked.
    pub(crate) invitation: Option<BTreeMap<String, String>>,
    pub(crate) no_invitations: bool,
    pub(crate) at: Option<DateTime<Utc>>,
}

/// What is expected; `None`: it may be anything.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) action: TestAction,
    pub(crate) reason: Option<String>,
    pub(crate) reported: Option<TestAction>,
    pub(crate) title: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) errors: Option<BTreeMap<AttributeName, String>>,
    pub(crate) values: AttributeValues,
}

pub(super) fn policy_tests(file: &File, names: &Names, reading: &mut Reading) -> Vec<PolicyTest> {
    reading.within("tests", |reading| {
        unique(file.tests.iter().map(|test| &test.name), reading);
        let build = |section: &TestSection| reading.within(&section.name.value, |reading| one(section, names, reading));
        file.tests.iter().filter_map(build).collect()
    })
}

fn one(section: &TestSection, names: &Names, reading: &mut Reading) -> Option<PolicyTest> {
    let given = reading.within("given", |reading| given(&section.given, names, reading));
    let expect = reading.within("expect", |reading| expected(&section.expect, names, reading));
    Some(PolicyTest {
        name: section.name.value.clone(),
        origin: section.name.origin.clone(),
        hook: section.hook,
        given: given?,
        expect,
    })
}

fn given(section: &GivenSection, names: &Names, reading: &mut Reading) -> Option<Given> {
    let source = names.email_source(&section.email_source, reading);
    let id = section.app.as_ref().and_then(|id| guid::<AppId>(id, "app", reading));
    let at = section.at.as_ref().and_then(|written| at(written, reading));
    let ip = section.ip.as_ref().and_then(|ip| {
        let parsed: Option<IpAddr> = ip.value.parse().ok();
        if parsed.is_none() {
            reading
                .within("ip", |reading| reading.error(&ip.origin, "expected a network address, such as 203.0.113.7"));
        }
        parsed
    });
    if let (Some(invitation), true) = (&section.invitation, section.no_invitations) {
        reading.error(&invitation.origin, "there cannot be an invitation and none: remove no_invitations");
    }
    Some(Given {
        email: section.email.clone(),
        source: source?,
        app: App { id, name: section.app_name.clone() },
        client: Client { ip, locale: section.locale.clone(), market: String::new() },
        attributes: values("attributes", &section.attributes, names, reading),
        code: section.code,
        invitation: section.invitation.as_ref().map(|columns| columns.value.clone()),
        no_invitations: section.no_invitations,
        at,
    })
}

fn at(text: &Spanned<String>, reading: &mut Reading) -> Option<DateTime<Utc>> {
    match parse_moment(text.value.trim(), DayEdge::Start) {
        Ok(moment) => Some(moment),
        Err(why) => {
            reading.within("at", |reading| reading.error(&text.origin, why));
            None
        }
    }
}

fn values(
    key: &str,
    written: &BTreeMap<String, Spanned<Constant>>,
    names: &Names,
    reading: &mut Reading,
) -> AttributeValues {
    reading.within(key, |reading| {
        let value = |(name, constant): (&String, &Spanned<Constant>)| {
            Some((names.attribute(name, &constant.origin, reading)?, constant.value.0.clone()))
        };
        written.iter().filter_map(value).collect::<BTreeMap<AttributeName, AttributeValue>>()
    })
}

fn expected(section: &ExpectSection, names: &Names, reading: &mut Reading) -> Expected {
    if let Some(reason) = section.reason.as_ref().filter(|reason| reasons::explanation(&reason.value).is_none()) {
        let near = did_you_mean(&reason.value, reasons::REASONS.iter().map(|reason| reason.name));
        let how = format!("no decision has the reason {:?}{near}", reason.value);
        reading.within("reason", |reading| reading.error(&reason.origin, how));
    }
    let errors = section.errors.as_ref().map(|errors| {
        reading.within("errors", |reading| {
            let text = |(name, text): (&String, &Spanned<String>)| {
                Some((names.attribute(name, &text.origin, reading)?, text.value.clone()))
            };
            errors.iter().filter_map(text).collect()
        })
    });
    Expected {
        action: section.action,
        reason: section.reason.as_ref().map(|reason| reason.value.clone()),
        reported: section.reported,
        title: section.title.clone(),
        message: section.message.clone(),
        errors,
        values: values("values", &section.values, names, reading),
    }
}

impl PolicyTest {
    /// The problem that it is when it fails.
    #[must_use]
    pub fn problem(&self, difference: &str) -> Problem {
        Problem::error(Some(self.origin.clone()), &format!("tests.{}", self.name), difference)
    }
}
