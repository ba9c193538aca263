//! `mihu oauth`: the programs that may ask people to act for them, and what they were granted.

use api::{RedirectUri, Scopes};
use clap::Subcommand;
use jiff::Timestamp;
use store::{NewOauthClient, OauthClient, OauthGrant, Store};
use uuid::Uuid;

use crate::config::Config;
use crate::workspaces::Choice;
use crate::{Failure, print, serve};

/// Grants that are read at once.
const PAGE: u32 = 100;

/// What it is about.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// The programs.
    Clients {
        #[command(subcommand)]
        action: ClientAction,
    },
    /// What they were granted.
    Grants {
        #[command(subcommand)]
        action: GrantAction,
    },
}

/// What to do with the clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientAction {
    /// Registers a client and shows its id and, this once, its secret.
    Create {
        /// What people are told that it is called.
        #[arg(long)]
        name: String,
        /// Where people may be sent back to; may be repeated.
        #[arg(long = "redirect-uri", value_name = "URI", required = true)]
        redirect_uris: Vec<String>,
        /// The most that it may ask for, such as calls:write or contacts:*; may be repeated.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// It runs on the machine or in the browser of its user, and gets no secret.
        #[arg(long)]
        public: bool,
        #[command(flatten)]
        workspace: Choice,
    },
    /// Lists the clients, without their secrets.
    List {
        #[command(flatten)]
        workspace: Choice,
    },
    /// Gives a client a new secret and shows it, this once. The one before is refused from now on.
    Secret {
        #[command(flatten)]
        workspace: Choice,
        /// The client's id or name, as `oauth clients list` shows it.
        client: String,
    },
    /// Deletes a client with all that it was granted.
    Delete {
        #[command(flatten)]
        workspace: Choice,
        /// The client's id or name, as `oauth clients list` shows it.
        client: String,
    },
}

/// What to do with the grants.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantAction {
    /// Lists what clients may do, newest first.
    List {
        #[command(flatten)]
        workspace: Choice,
    },
    /// Takes a grant back with all its tokens.
    Revoke {
        #[command(flatten)]
        workspace: Choice,
        /// The grant's id, as `oauth grants list` shows it.
        grant: Uuid,
    },
}

/// Carries out one action on the clients or grants of the node's store.
pub(crate) async fn run(config: &Config, action: Action) -> Result<(), Failure> {
    let store = serve::store(config).await?;
    match action {
        Action::Clients { action } => clients(&store, action).await?,
        Action::Grants { action } => grants(&store, action).await?,
    }
    store.close().await;
    Ok(())
}

async fn clients(store: &Store, action: ClientAction) -> Result<(), Failure> {
    let now = Timestamp::now();
    match action {
        ClientAction::Create {
            name,
            redirect_uris,
            scopes,
            public,
            workspace,
        } => {
            for uri in &redirect_uris {
                RedirectUri::parse(uri).map_err(|error| format!("{uri}: expected {error}"))?;
            }
            let scopes = scopes.iter().map(String::as_str);
            let scopes = Scopes::parse(scopes).map_err(|error| format!("expected {error}"))?;
            let new = NewOauthClient {
                name,
                redirect_uris,
                scopes: scopes.as_slice().to_vec(),
                is_confidential: !public,
            };
            let store = workspace.of(store).await?;
            let made = store.register_oauth_client(&new, now).await?;
            print(&format!("client_id      {}", made.client.id));
            if let Some(secret) = made.secret {
                print(&format!("client_secret  {}", secret.expose()));
            }
        }
        ClientAction::List { workspace } => {
            for client in workspace.of(store).await?.oauth_clients().await? {
                print(&describe(&client));
            }
        }
        ClientAction::Secret { workspace, client } => {
            let store = workspace.of(store).await?;
            let client = find(store.oauth_clients().await?, &client)?;
            let renewed = store.renew_oauth_secret(client.id, now).await?;
            if let Some(secret) = renewed.secret {
                print(secret.expose());
            }
        }
        ClientAction::Delete { workspace, client } => {
            let store = workspace.of(store).await?;
            let client = find(store.oauth_clients().await?, &client)?;
            store.delete_oauth_client(client.id).await?;
            print(&format!("deleted {} ({})", client.id, client.name));
        }
    }
    Ok(())
}

async fn grants(store: &Store, action: GrantAction) -> Result<(), Failure> {
    let now = Timestamp::now();
    match action {
        GrantAction::List { workspace } => {
            let store = workspace.of(store).await?;
            for page in 1.. {
                let grants = store.oauth_grants(None, page, PAGE, now).await?;
                for grant in &grants.items {
                    print(&describe_grant(grant));
                }
                if u64::from(page) * u64::from(PAGE) >= grants.total {
                    break;
                }
            }
        }
        GrantAction::Revoke { workspace, grant } => {
            let store = workspace.of(store).await?;
            if !store.revoke_oauth_grant(grant, now).await? {
                return Err(format!(
                    "no live grant has the id {grant}; `mihu oauth grants list` shows them"
                )
                .into());
            }
            print(&format!("revoked {grant}"));
        }
    }
    Ok(())
}

/// The client with this id, or else the only one with this name.
fn find(clients: Vec<OauthClient>, asked: &str) -> Result<OauthClient, Failure> {
    if let Some(found) = clients.iter().find(|it| it.id.to_string() == asked) {
        return Ok(found.clone());
    }
    let mut called = clients.into_iter().filter(|it| it.name == asked);
    match (called.next(), called.count()) {
        (Some(found), 0) => Ok(found),
        (Some(_), others) => Err(format!(
            "{} clients are called {asked:?}; name one by its id",
            others + 1
        )
        .into()),
        (None, _) => Err(format!(
            "no client has the id or name {asked:?}; `mihu oauth clients list` shows them"
        )
        .into()),
    }
}

fn describe(client: &OauthClient) -> String {
    let kind = if client.is_confidential {
        "confidential"
    } else {
        "public"
    };
    format!(
        "{}  {}  {kind}, since {:.0}  {}  {}",
        client.id,
        client.name,
        client.created_at,
        client.redirect_uris.join(" "),
        client.scopes.join(" ")
    )
}

fn describe_grant(grant: &OauthGrant) -> String {
    let used = grant
        .last_used_at
        .map_or_else(|| "never used".into(), |at| format!("used {at:.0}"));
    format!(
        "{}  {}  since {:.0}, {used}  {}",
        grant.id,
        grant.client_name,
        grant.granted_at,
        grant.scopes.join(" ")
    )
}
