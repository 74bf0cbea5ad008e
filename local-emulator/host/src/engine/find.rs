//! Which engine there is: the one that `DOCKER_HOST` names, else the first that answers where engines usually listen.

use std::path::PathBuf;

use hyper::Method;
use serde_json::Value;

use super::{Address, CallError, NoAddress, Owner};

/// A container engine that has answered.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) address: Address,
    /// What it calls itself, as `Docker 20.10.24`.
    about: String,
    pub(super) owner: Owner,
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum NoEngine {
    /// `DOCKER_HOST` names no place.
    #[error("`DOCKER_HOST` cannot be used")]
    Host(#[source] NoAddress),
    /// Nobody answers where `DOCKER_HOST` says.
    #[error(
        "`--tasks container` needs the container engine that `DOCKER_HOST` names\n(start it, or run tasks as processes, without `--tasks container`)"
    )]
    Silent(#[source] CallError),
    /// Nobody answers anywhere.
    #[error(
        "`--tasks container` needs a container engine, and none answers\n(start Docker or Podman, or name its socket by `DOCKER_HOST`; looked at {})\n(without `--tasks container` tasks run as processes)",
        looked.join(", ")
    )]
    Nowhere {
        /// Where engines were looked for, with what came of it.
        looked: Vec<String>,
    },
}

impl Engine {
    /// The engine that the variable `DOCKER_HOST` names, else the first that answers, for this process and its project.
    ///
    /// # Errors
    /// If there is none, in one sentence.
    pub async fn find(
        variable: impl Fn(&str) -> Option<String>,
        owner: Owner,
    ) -> Result<Self, NoEngine> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        if let Some(named) = set("DOCKER_HOST") {
            let address: Address = named.parse().map_err(NoEngine::Host)?;
            return Self::ask(address, owner).await.map_err(NoEngine::Silent);
        }
        let user_folder = set("XDG_RUNTIME_DIR").map(PathBuf::from);
        let mut looked = Vec::new();
        for address in Address::usual(user_folder.as_deref()) {
            let place = address.to_string();
            match Self::ask(address, owner.clone()).await {
                Ok(engine) => return Ok(engine),
                Err(CallError::Nobody { why, .. })
                    if why.kind() == std::io::ErrorKind::PermissionDenied =>
                {
                    looked.push(format!("{place}, which this user may not use"));
                }
                Err(_) => looked.push(place),
            }
        }
        Err(NoEngine::Nowhere { looked })
    }

    async fn ask(address: Address, owner: Owner) -> Result<Self, CallError> {
        let version = address.read(Method::GET, "/version", None).await?;
        Ok(Self { about: about(&version), address, owner })
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Whose its containers are.
    #[must_use]
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What it is and where, in words.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} at {}", self.about, self.address)
    }

    /// Removes containers that are left of a `lunch` that had the same project and has ended. So many.
    ///
    /// # Errors
    /// If the engine does not do it.
    pub async fn clear(&self) -> Result<usize, CallError> {
        self.owner.clear(&self.address).await
    }
}

/// Docker's version has its name in it only among its parts.
fn about(version: &Value) -> String {
    let name = version["Components"][0]["Name"].as_str().unwrap_or("the engine");
    let name = if name == "Engine" { "Docker" } else { name };
    let number = version["Version"].as_str().unwrap_or_default();
    format!("{} {number}", name.trim_end_matches(" Engine")).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    fn owner() -> Owner {
        Owner::here(Path::new("/lime"))
    }

    #[test]
    fn an_engine_says_what_it_is() {
        let docker = json!({"Components": [{"Name": "Engine"}], "Version": "20.10.24"});
        assert_eq!(about(&docker), "Docker 20.10.24");
        let podman = json!({"Components": [{"Name": "Podman Engine"}], "Version": "5.4.2"});
        assert_eq!(about(&podman), "Podman 5.4.2");
        assert_eq!(about(&json!({})), "the engine");
    }

    #[tokio::test]
    async fn no_engine_is_one_clear_sentence() {
        let nobody = "unix:///nowhere/docker.sock";
        let variable = |name: &str| (name == "DOCKER_HOST").then(|| nobody.to_owned());
        let told = Engine::find(variable, owner()).await.expect_err("nobody is there");
        assert!(matches!(&told, NoEngine::Silent(CallError::Nobody { .. })), "{told:?}");
        let told = told.to_string();
        assert!(
            told.starts_with(
                "`--tasks container` needs the container engine that `DOCKER_HOST` names\n("
            ),
            "{told}"
        );

        let variable = |name: &str| (name == "DOCKER_HOST").then(|| "ssh://there".to_owned());
        let told = Engine::find(variable, owner()).await.expect_err("that is no place");
        assert!(matches!(told, NoEngine::Host(_)), "{told:?}");
    }
}
