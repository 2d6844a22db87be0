//! A sign-up, and the bodies of its two events as Entra sends them.

use serde_json::{Map, Value, json};

use super::event::Event;
use super::form::{EmptyFields, Form};
use super::person::Person;
use crate::shared::new_id;
use crate::tenant::{GRAPH_APP, TenantOptions};

/// The application to which the person signs up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The application (client) id.
    pub id: String,
    /// The display name.
    pub name: String,
}

impl App {
    /// An application with this app id and this name.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned() }
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new("44444444-5555-6666-7777-888888888888", "Contoso Portal")
    }
}

/// A sign-up, and what its events contain.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// Who signs up.
    pub person: Person,
    /// The application that they sign up to.
    pub app: App,
    /// The form that they fill in.
    pub form: Form,
    /// The correlation id of Start, and of its retry.
    pub correlation_id: String,
    /// The correlation id of Submit, if it is another one. Whether Entra uses one id for both is not documented.
    pub submit_correlation_id: Option<String>,
    /// Whether Submit contains `identities`. Calls that were seen in the field did not.
    pub submit_identities: bool,
    /// Whether Start lists the fields of the form, too. Captured calls listed the address only.
    pub start_lists_form: bool,
    /// How Submit lists empty fields.
    pub empty_fields: EmptyFields,
    tenant_id: String,
    domain: String,
}

impl SignUp {
    /// A new sign-up to a tenant of these options.
    #[must_use]
    pub fn new(tenant: &TenantOptions, person: Person, app: App, form: Form) -> Self {
        Self {
            person,
            app,
            form,
            correlation_id: new_id(),
            submit_correlation_id: None,
            submit_identities: false,
            start_lists_form: false,
            empty_fields: EmptyFields::default(),
            tenant_id: tenant.id.clone(),
            domain: tenant.domain.clone(),
        }
    }

    /// The body of the Start event.
    #[must_use]
    pub fn start(&self) -> Value {
        self.event(Event::Start)
    }

    /// The body of the Submit event.
    #[must_use]
    pub fn submit(&self) -> Value {
        self.event(Event::Submit)
    }

    /// The correlation id of an event.
    #[must_use]
    pub fn id_of(&self, event: Event) -> &str {
        let other = self.submit_correlation_id.as_ref().filter(|_| event == Event::Submit);
        other.unwrap_or(&self.correlation_id)
    }

    /// The body of either event.
    #[must_use]
    pub fn event(&self, event: Event) -> Value {
        let mut attributes: Map<String, Value> = self.person.address_attribute(event).into_iter().collect();
        match event {
            Event::Start if self.start_lists_form => attributes.extend(self.form.attributes(EmptyFields::Empty)),
            Event::Start => {}
            Event::Submit => attributes.extend(self.form.attributes(self.empty_fields)),
        }
        let mut info = json!({ "attributes": attributes });
        if let (Some(info), true) = (info.as_object_mut(), event == Event::Start || self.submit_identities) {
            let identities = json!([self.person.identity(&self.domain)]);
            info.insert("identities".to_owned(), identities);
        }
        let principal = |id: &str, app: &str, name: &str| json!({ "id": id, "appId": app, "appDisplayName": name, "displayName": name });
        json!({
            "type": event.event_type(),
            "source": format!("/tenants/{}/applications/{GRAPH_APP}", self.tenant_id),
            "data": {
                "@odata.type": event.callout_type(),
                "userSignUpInfo": info,
                "tenantId": self.tenant_id,
                "authenticationEventListenerId": "55555555-1111-2222-3333-444444444444",
                "customAuthenticationExtensionId": "66666666-1111-2222-3333-444444444444",
                "authenticationContext": {
                    "correlationId": self.id_of(event),
                    "client": { "ip": self.person.ip, "locale": self.person.locale, "market": self.person.locale },
                    "protocol": "OAUTH2.0",
                    "clientServicePrincipal": principal("33333333-4444-5555-6666-777777777777", &self.app.id, &self.app.name),
                    "resourceServicePrincipal": principal("e0000000-1111-2222-3333-444444444444", GRAPH_APP, "Microsoft Graph"),
                },
            },
        })
    }
}
