//! The two ways in which the host passes an HTTP request to the process.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use url::Url;

use super::relay::{end_to_end, whole};
use super::{HostState, VERSION};
use crate::shared::new_id;

const HOST_VERSION: HeaderName = HeaderName::from_static("x-azure-functions-hostversion");
const INVOCATION_ID: HeaderName = HeaderName::from_static("x-azure-functions-invocationid");

/// `enableProxyingHttpRequest`: path and query as received, a streamed body, the process's `Host`, new `X-Forwarded-*`.
pub(super) fn proxied(
    inner: &HostState,
    peer: SocketAddr,
    request: Request,
) -> Result<reqwest::RequestBuilder, StatusCode> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let url = format!("http://127.0.0.1:{}{target}", inner.process.port());
    let mut headers = end_to_end(request.headers());
    let host = headers.remove(header::HOST);
    let id = value(&new_id())?;
    headers.insert(HOST_VERSION, HeaderValue::from_static(VERSION));
    headers.insert(INVOCATION_ID, id.clone());
    headers.insert("x-ms-invocation-id", id);
    headers.insert("x-forwarded-for", value(&peer.ip().to_string())?);
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    headers.insert("x-forwarded-host", host.unwrap_or(HeaderValue::from_static("localhost")));
    let has_body = request.headers().contains_key(header::CONTENT_LENGTH)
        || request.headers().contains_key(header::TRANSFER_ENCODING);
    let passed = inner.client.request(request.method().clone(), url).headers(headers);
    if !has_body {
        return Ok(passed);
    }
    let body = reqwest::Body::wrap_stream(request.into_body().into_data_stream());
    Ok(passed.body(body))
}

/// `enableForwardingHttpRequest`: a rebuilt address, the original `Host`, and a body only if there is a
/// `Content-Length`.
pub(super) async fn forwarded(inner: &HostState, request: Request) -> Result<reqwest::RequestBuilder, StatusCode> {
    let url = rebuilt(inner.process.port(), request.uri().path(), request.uri().query());
    let url = url.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length: u64 = length.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    if length == 0 && request.headers().contains_key(header::TRANSFER_ENCODING) {
        // The host copies this header without a content, and its HTTP client fails.
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let headers = forwarded_headers(request.headers())?;
    let passed = inner.client.request(request.method().clone(), url).headers(headers);
    if length == 0 {
        return Ok(passed);
    }
    Ok(passed.body(whole(request.into_body()).await?))
}

fn forwarded_headers(received: &HeaderMap) -> Result<HeaderMap, StatusCode> {
    let mut headers = end_to_end(received);
    let lost =
        ["content-encoding", "content-language", "content-location", "content-md5", "content-range", "content-length"];
    for name in lost {
        headers.remove(name);
    }
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = format!("{} Azure-Functions-Host/{VERSION}", agent.unwrap_or_default());
    headers.insert(header::USER_AGENT, value(agent.trim())?);
    headers.append(HOST_VERSION, HeaderValue::from_static(VERSION));
    headers.append(INVOCATION_ID, value(&new_id())?);
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, StatusCode> {
    HeaderValue::from_str(text).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The address as .NET rebuilds it: the path is decoded once and parsed again, values of the same query key are joined
/// with commas.
fn rebuilt(port: u16, path: &str, query: Option<&str>) -> Option<Url> {
    let mut url = Url::parse(&format!("http://127.0.0.1:{port}{}", decoded(path))).ok()?;
    let Some(query) = query.filter(|query| !query.is_empty()) else {
        return Some(url);
    };
    let mut merged: Vec<(String, String)> = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match merged.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => merged.push((key.into_owned(), value.into_owned())),
        }
    }
    url.query_pairs_mut().extend_pairs(merged);
    Some(url)
}

/// `path` with every `%XX` decoded once.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high * 16 + low));
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebuilds_the_query_and_normalises_the_path() {
        let url = |path, query| rebuilt(7, path, query).unwrap().to_string();
        assert_eq!(url("/api/X", Some("a=1&flag&a=2")), "http://127.0.0.1:7/api/X?a=1%2C2&flag=");
        assert_eq!(url("/api/%252e%252e/X", None), "http://127.0.0.1:7/X");
    }
}
