//! Entra's authorities, tokens and faults.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guestlist_emulator::tenant::{Authority, Fault, Forgery, Issuer, Route, SigningKey, odd_keys};
use serde_json::{Value, json};

use crate::support::{client, sent, tenant};

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn the_signing_key_is_in_the_ciam_document_only() {
    let tenant = tenant().await;
    let kid = tenant.keys().signing().kid().to_owned();
    let mut kids = Vec::new();
    for base in [&tenant.urls().login, &tenant.urls().ciam] {
        let id = &tenant.options().id;
        let configuration = format!("{base}/{id}/v2.0/.well-known/openid-configuration");
        let (status, body) = sent(client().get(configuration)).await;
        assert_eq!(status, 200);
        assert_eq!(body["issuer"], format!("{base}/{id}/v2.0"));
        let (_, keys) = sent(client().get(body["jwks_uri"].as_str().unwrap())).await;
        kids.push(keys["keys"][0]["kid"].as_str().unwrap().to_owned());
    }
    assert_eq!(kids, ["unrelated".to_owned(), kid]);
}

#[tokio::test]
async fn keys_rotate_and_stand_beside_odd_ones() {
    let tenant = tenant().await;
    tenant.keys().rotate_to(SigningKey::second().unwrap());
    tenant.keys().prepend(Authority::Ciam, odd_keys());
    let published = tenant.keys().published(Authority::Ciam);
    assert_eq!(published.len(), odd_keys().len() + 1);
    assert_eq!(published.last(), Some(&tenant.keys().signing().jwk()));
}

#[tokio::test]
async fn a_foreign_tenant_is_not_found() {
    let tenant = tenant().await;
    let url = format!("{}/other/discovery/v2.0/keys", tenant.urls().ciam);
    let (status, body) = sent(client().get(url)).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_tenant")));
}

#[tokio::test]
async fn tokens_carry_what_each_issuer_and_version_carries() {
    let tenant = tenant().await;
    for issuer in Issuer::ALL {
        let claims = claims(&tenant.token().issuer(issuer).encode().unwrap());
        let v1 = claims["ver"] == "1.0";
        assert_eq!(claims.get("appid").is_some(), v1, "{issuer:?}");
        assert_eq!(claims.get("azp").is_some(), !v1, "{issuer:?}");
        assert!(claims["iss"].as_str().unwrap().contains(&*tenant.options().id) || v1);
        assert_eq!(claims["aud"], tenant.options().audience);
    }
}

#[tokio::test]
async fn every_forgery_differs_from_the_honest_token() {
    let tenant = tenant().await;
    let honest = tenant.token();
    let good = honest.clone().encode().unwrap();
    for forgery in [
        Forgery::None,
        Forgery::Hs256WithPublicKey,
        Forgery::TamperedSignature,
        Forgery::TamperedClaims,
        Forgery::WrongKey,
    ] {
        let forged = honest.clone().forged(forgery).encode().unwrap();
        assert_ne!(forged, good, "{forgery:?}");
        assert_eq!(forged.split('.').count(), 3, "{forgery:?}");
    }
    assert_eq!(honest.encrypted().split('.').count(), 5);
}

#[tokio::test]
async fn an_authority_fails_alone() {
    let tenant = tenant().await;
    tenant.faults().set(Route::LoginKeys, Fault::Status(503));
    tenant.faults().set(Route::CiamDiscovery, Fault::Hang);
    let keys = |base: &str| format!("{base}/{}/discovery/v2.0/keys", tenant.options().id);
    assert_eq!(sent(client().get(keys(&tenant.urls().login))).await.0, 503);
    assert_eq!(sent(client().get(keys(&tenant.urls().ciam))).await.0, 200);
    let hanging = format!("{}/{}/v2.0/.well-known/openid-configuration", tenant.urls().ciam, tenant.options().id);
    let answer = tokio::time::timeout(Duration::from_millis(100), client().get(hanging).send());
    assert!(answer.await.is_err());
    assert_eq!(tenant.faults().count(Route::LoginKeys), 1);
}
