//! `mihu workspaces`: whose everything is; what belongs to one is not there for others.

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use store::{Plan, Store, Workspace};

use crate::config::Config;
use crate::{Failure, print, serve};

/// What to do with the workspaces.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Makes a workspace and shows its id.
    Create {
        /// What the list calls it.
        name: String,
        /// What it may use.
        #[arg(long, value_enum, default_value_t = PlanName::Free)]
        plan: PlanName,
    },
    /// Lists the workspaces.
    List,
}

/// The plan of a workspace, as it is written on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PlanName {
    /// The monthly quota of the settings for each key.
    Free,
    /// As many requests as it likes.
    Unlimited,
}

/// Which workspace something is about.
#[derive(Debug, clap::Args)]
pub(crate) struct Choice {
    /// The workspace's id or name, as `workspaces list` shows it. Default: that of every node.
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
}

impl Choice {
    /// The store as the chosen workspace sees it.
    pub(crate) async fn of(&self, store: &Store) -> Result<Store, Failure> {
        let Some(asked) = &self.workspace else {
            return Ok(store.clone());
        };
        let found = find(store.workspaces().await?, asked)?;
        Ok(store.in_workspace(&found.id))
    }
}

/// The workspace with this id, or else the only one with this name.
fn find(workspaces: Vec<Workspace>, asked: &str) -> Result<Workspace, Failure> {
    if let Some(found) = workspaces.iter().find(|it| it.id.as_str() == asked) {
        return Ok(found.clone());
    }
    let mut called: Vec<_> = workspaces
        .into_iter()
        .filter(|it| it.name == asked)
        .collect();
    match (called.pop(), called.len()) {
        (Some(found), 0) => Ok(found),
        (Some(_), others) => Err(format!(
            "{} workspaces are called {asked:?}; name one by its id",
            others + 1
        )
        .into()),
        (None, _) => Err(format!(
            "no workspace has the id or name {asked:?}; `mihu workspaces list` shows them"
        )
        .into()),
    }
}

/// Carries out one action on the workspaces of the node's store.
pub(crate) async fn run(config: &Config, action: Action) -> Result<(), Failure> {
    let store = serve::store(config).await?;
    match action {
        Action::Create { name, plan } => {
            let plan = match plan {
                PlanName::Free => Plan::Free,
                PlanName::Unlimited => Plan::Unlimited,
            };
            let made = store
                .create_workspace(&name, plan, Timestamp::now())
                .await?;
            print(made.id.as_str());
        }
        Action::List => {
            for one in store.workspaces().await? {
                let (plan, since) = (one.plan.as_str(), one.created_at);
                print(&format!(
                    "{}  {}  {plan}, since {since:.0}",
                    one.id, one.name
                ));
            }
        }
    }
    store.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use store::WorkspaceId;

    use super::*;

    fn workspace(id: &str, name: &str) -> Workspace {
        Workspace {
            id: WorkspaceId::new(id),
            name: name.to_owned(),
            plan: Plan::Free,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_workspace_is_chosen_by_id_or_by_a_name_that_only_one_has() {
        let all = || {
            vec![
                workspace("1", "a"),
                workspace("2", "b"),
                workspace("3", "b"),
            ]
        };
        assert_eq!(find(all(), "3").unwrap().id.as_str(), "3");
        assert_eq!(find(all(), "a").unwrap().id.as_str(), "1");
        assert!(find(all(), "b").unwrap_err().to_string().contains('2'));
        assert!(find(all(), "c").is_err());
    }
}
