//! The two events, and what the contract calls each of them.

/// Which of the two hooks is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Before the form is shown.
    Start,
    /// When the form was sent.
    Submit,
}

impl Event {
    /// The name of the event within the type names of the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "attributeCollectionStart",
            Self::Submit => "attributeCollectionSubmit",
        }
    }

    /// `type` of the event.
    #[must_use]
    pub fn event_type(self) -> String {
        format!("microsoft.graph.authenticationEvent.{}", self.name())
    }

    /// `data.@odata.type` of the event.
    #[must_use]
    pub fn callout_type(self) -> &'static str {
        match self {
            Self::Start => "microsoft.graph.onAttributeCollectionStartCalloutData",
            Self::Submit => "microsoft.graph.onAttributeCollectionSubmitCalloutData",
        }
    }

    /// `data.@odata.type` of the answer.
    #[must_use]
    pub fn response_type(self) -> &'static str {
        match self {
            Self::Start => "microsoft.graph.onAttributeCollectionStartResponseData",
            Self::Submit => "microsoft.graph.onAttributeCollectionSubmitResponseData",
        }
    }
}
