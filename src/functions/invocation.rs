//! How the Functions host calls functions that have no HTTP trigger: what it sends, and what it expects.
//!
//! The host posts `{"Data":{…},"Metadata":{…}}` to `/{FunctionName}` on loopback, without any authentication. Requests
//! from outside arrive at the same port; [`came_from_host`] tells the two apart. The answer must be a JSON object:
//! after an empty body the host waits until its own time limit, and then kills the process.
//!
//! The timer's envelope is only used for a log line, so nothing about it is an error. Its times come with and without
//! offset, with up to seven fractional digits, and `ScheduleStatus` can be null.

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Headers that a front end or a proxy adds. The host itself never sends them.
const FORWARDING_HEADERS: [&str; 6] =
    ["x-forwarded-host", "x-forwarded-for", "x-forwarded-proto", "forwarded", "disguised-host", "x-original-url"];

/// Whether the request is the host's own: it is addressed to this port on loopback, and was not forwarded.
///
/// Requests from outside keep their public `Host` if they are forwarded, and have `X-Forwarded-Host` if they are
/// proxied. A front end adds headers of its own. A target in absolute form (`POST http://contoso.com/…`) names an
/// address, too, and goes before `Host`.
#[must_use]
pub(crate) fn came_from_host(target: &Uri, headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let own_address = format!("127.0.0.1:{port}");
    let is_addressed_here = hosts.next().is_some_and(|host| host.as_bytes() == own_address.as_bytes());
    let was_forwarded = FORWARDING_HEADERS.iter().any(|name| headers.contains_key(*name));
    let target_is_here = target.authority().is_none_or(|authority| authority.as_str() == own_address);
    is_addressed_here && hosts.next().is_none() && target_is_here && !was_forwarded
}

/// The part of the timer's envelope that is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TimerTick {
    /// The host was late: the function app was not running at the scheduled time.
    pub is_past_due: bool,
}

/// Reads the timer's envelope. If it is missing, odd or not JSON, it counts as a tick in time.
#[must_use]
pub(crate) fn timer_tick(body: &[u8]) -> TimerTick {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let bindings = member(&envelope, "Data").and_then(Value::as_object);
    let past_due = |binding: &Value| {
        // A binding can be a text that contains JSON.
        let parsed: Option<Value> = binding.as_str().and_then(|text| serde_json::from_str(text).ok());
        let flag = member(parsed.as_ref().unwrap_or(binding), "IsPastDue").cloned();
        flag.is_some_and(|flag| {
            flag == Value::Bool(true) || flag.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
        })
    };
    TimerTick { is_past_due: bindings.is_some_and(|bindings| bindings.values().any(past_due)) }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The answer of a function that succeeded. The host shows `logs` in its own log.
#[must_use]
pub(crate) fn succeeded(logs: &[String]) -> Response {
    answer(StatusCode::OK, &json!({"Outputs": {}, "Logs": logs, "ReturnValue": null}))
}

/// The answer of a function that failed. The host logs the invocation as failed.
#[must_use]
pub(crate) fn failed(status: StatusCode, error: &str) -> Response {
    answer(status, &json!({"error": error}))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        let pairs: Vec<(header::HeaderName, header::HeaderValue)> = pairs.iter().map(pair).collect();
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[rstest]
    #[case(&[("host", "127.0.0.1:7071")], true)]
    #[case(&[], false)]
    #[case(&[("host", "127.0.0.1:7072")], false)]
    #[case(&[("host", "127.0.0.1")], false)]
    #[case(&[("host", "localhost:7071")], false)]
    #[case(&[("host", "contoso.azurewebsites.net")], false)]
    #[case(&[("host", "127.0.0.1:7071.example.com")], false)]
    #[case(&[("host", "127.0.0.1.example.com:7071")], false)]
    #[case(&[("host", "localhost.example.com:7071")], false)]
    #[case(&[("host", "127.0.0.1:70710")], false)]
    #[case(&[("host", "1127.0.0.1:7071")], false)]
    #[case(&[("host", "jo@127.0.0.1:7071")], false)]
    #[case(&[("host", "[::1]:7071")], false)]
    #[case(&[("host", "contoso.azurewebsites.net"), ("x-forwarded-for", "127.0.0.1")], false)]
    #[case(&[("host", "contoso.azurewebsites.net"), ("x-forwarded-host", "127.0.0.1:7071")], false)]
    #[case(&[("host", "contoso.azurewebsites.net"), ("disguised-host", "127.0.0.1:7071")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("x-forwarded-host", "contoso.azurewebsites.net")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("x-forwarded-for", "127.0.0.1")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("x-forwarded-proto", "https")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("forwarded", "for=127.0.0.1;host=127.0.0.1")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("disguised-host", "127.0.0.1:7071")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("x-original-url", "/UpdateNewAccounts")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("X-Forwarded-Host", "")], false)]
    #[case(&[("host", "127.0.0.1:7071"), ("host", "contoso.azurewebsites.net")], false)]
    fn only_the_hosts_own_requests_are_invocations(#[case] pairs: &[(&'static str, &str)], #[case] own: bool) {
        assert_eq!(came_from_host(&Uri::from_static("/UpdateNewAccounts"), &headers(pairs), 7071), own);
    }

    #[rstest]
    #[case("http://127.0.0.1:7071/UpdateNewAccounts", true)]
    #[case("http://evil.example/UpdateNewAccounts", false)]
    #[case("http://127.0.0.1/UpdateNewAccounts", false)]
    #[case("http://localhost:7071/UpdateNewAccounts", false)]
    #[case("http://evil.example@127.0.0.1:7071/UpdateNewAccounts", false)]
    #[case("http://127.0.0.1:7071.evil.example/UpdateNewAccounts", false)]
    fn a_target_with_an_address_of_its_own_has_to_be_this_one(#[case] target: &'static str, #[case] own: bool) {
        let headers = headers(&[("host", "127.0.0.1:7071")]);
        assert_eq!(came_from_host(&Uri::from_static(target), &headers, 7071), own);
    }

    #[rstest]
    #[case(
        r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"0001-01-01T00:00:00",
        "Next":"2024-11-30T14:45:51+00:00","LastUpdated":"2024-11-30T14:43:50.4038381+00:00"},"IsPastDue":false}},
        "Metadata":{"sys":{"MethodName":"timer","UtcNow":"2024-11-30T14:43:50.403838Z","RandGuid":"x"}}}"#,
        false
    )]
    #[case(r#"{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":true}},"Metadata":{}}"#, true)]
    #[case(r#"{"data":{"tick":{"isPastDue":"True"}}}"#, true)]
    #[case(r#"{"Data":{"timer":"{\"IsPastDue\":true}"}}"#, true)]
    #[case(r#"{"Data":{"timer":null}}"#, false)]
    #[case(r#"{"Data":[1]}"#, false)]
    #[case("", false)]
    #[case("<xml/>", false)]
    fn reads_every_timer_envelope(#[case] body: &str, #[case] is_past_due: bool) {
        assert_eq!(timer_tick(body.as_bytes()), TimerTick { is_past_due });
    }
}
