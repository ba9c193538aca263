"""The whole of OAuth 2.0 with Authlib, a client library of others, against a served node.

NODE is where the node is, TOKEN a key that opens everything. Whatever is not as it should be ends
the program with an error.
"""

import html
import json
import os
import re
import urllib.parse

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the node is on loopback, without TLS

NODE = os.environ["NODE"]
KEY = os.environ["TOKEN"]
CALLBACK = "https://app.example/callback"


def api(method, path, body=None, token=KEY):
    return requests.request(
        method,
        NODE + "/api/v1" + path,
        json=body,
        headers={"Authorization": "Bearer " + token},
        timeout=30,
    )


def register(kind):
    body = {
        "name": "Authlib",
        "type": kind,
        "redirect_uris": [CALLBACK],
        "scopes": ["calls:read", "contacts:*"],
    }
    return api("POST", "/oauth/clients", body).json()["data"]


def consent(url, decision="allow"):
    """What a person does in a browser: reads the page, pastes the key, presses a button."""
    browser = requests.Session()
    page = browser.get(url, timeout=30)
    assert page.status_code == 200, page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    form = {name: html.unescape(value) for name, value in hidden}
    form |= {"decision": decision, "api_key": KEY if decision == "allow" else ""}
    action = re.search(r'<form method="post" action="([^"]+)">', page.text).group(1)
    answer = browser.post(
        urllib.parse.urljoin(url, action), data=form, allow_redirects=False, timeout=30
    )
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    return answer.headers["Location"]


def refused(error, attempt):
    try:
        attempt()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
    else:
        raise AssertionError(f"this was to be refused with {error}")


def flow(metadata, session):
    verifier = generate_token(64)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier
    )
    back = consent(url)
    sent = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
    assert sent["iss"] == [metadata["issuer"]], sent
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=back,
        state=state,
        code_verifier=verifier,
    )
    assert token["token_type"] == "Bearer" and token["scope"] == "calls:read contacts:*", token

    calls = session.get(NODE + "/api/v1/calls")
    assert calls.status_code == 200, calls.text
    made = session.post(NODE + "/api/v1/contacts", json={"name": "Ann"})
    assert made.status_code == 201, made.text
    assert session.get(NODE + "/api/v1/keys").status_code == 403

    first = dict(token)
    second = dict(session.refresh_token(metadata["token_endpoint"]))
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert session.get(NODE + "/api/v1/calls").status_code == 200

    answer = session.revoke_token(
        metadata["revocation_endpoint"],
        token=second["access_token"],
        token_type_hint="access_token",
    )
    assert answer.status_code == 200, answer.text
    assert api("GET", "/calls", token=second["access_token"]).status_code == 401
    assert api("GET", "/calls", token=first["access_token"]).status_code == 200

    third = dict(session.refresh_token(metadata["token_endpoint"]))
    refused(
        "invalid_grant",
        lambda: session.refresh_token(
            metadata["token_endpoint"], refresh_token=first["refresh_token"]
        ),
    )
    assert api("GET", "/calls", token=third["access_token"]).status_code == 401


def session_of(client, method):
    return OAuth2Session(
        client["client_uuid"],
        client.get("client_secret"),
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope="calls:read contacts:*",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )


def denied(metadata, session):
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=generate_token(64)
    )
    back = urllib.parse.urlsplit(consent(url, "deny"))
    sent = dict(urllib.parse.parse_qsl(back.query))
    assert sent.pop("error_description"), sent
    expected = {"error": "access_denied", "state": state, "iss": metadata["issuer"]}
    assert sent == expected, sent


def main():
    document = requests.get(get_well_known_url(NODE, external=True), timeout=30).json()
    metadata = AuthorizationServerMetadata(document)
    # Authlib demands https of every address, which a node on loopback has not.
    secure = json.loads(json.dumps(document).replace("http://", "https://"))
    AuthorizationServerMetadata(secure).validate()
    assert metadata["issuer"] == NODE, metadata
    for method in ["client_secret_basic", "client_secret_post"]:
        flow(metadata, session_of(register("confidential"), method))
    flow(metadata, session_of(register("public"), "none"))
    denied(metadata, session_of(register("public"), "none"))
    print("done: 4 flows")


main()
