//! The environment of a container's process: built from nothing, as a container's is. Facts 10.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::Secrets;
use crate::environment::{DUMMY_ACCESS_KEY_ID, DUMMY_SECRET, localised};
use crate::template::Container;

/// Where programs are looked for, as in most images. Ours.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The variable that says where a program listens, and the address in it that is any. Ours.
const LISTEN: &str = "LISTEN";

/// Where a container's process is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// Whether it is in the container's own image, whose `PATH` is right there.
    pub(crate) in_image: bool,
    pub(crate) region: &'a str,
    /// The door's address, as a URL.
    pub(crate) endpoint: &'a str,
    /// The task's own.
    pub(crate) address: Ipv4Addr,
    /// Where the container is told of itself, as a URL: no other one is told the same.
    pub(crate) metadata: &'a str,
}

/// The port at which a program listens by this variable, where it may be at any address.
pub(super) fn movable_port(name: &str, value: &str) -> Option<u16> {
    let port = value.strip_prefix("0.0.0.0:").filter(|_| name == LISTEN)?;
    port.parse().ok()
}

/// Whether a container's program listens at its task's own address, and so at nobody else's.
pub(crate) fn listens_at_its_address(container: &Container) -> bool {
    container.variables.iter().any(|(name, value)| movable_port(name, value).is_some())
}

/// The whole environment: what the task definition says, and AWS's own over it.
///
/// # Errors
/// A sentence on the secret that has no value.
pub(crate) fn of_container(
    container: &Container,
    secrets: &Secrets,
    place: Place<'_>,
) -> Result<Vec<(String, String)>, String> {
    let mut all: BTreeMap<String, String> =
        BTreeMap::from([("AWS_ENDPOINT_URL".to_owned(), place.endpoint.to_owned())]);
    if !place.in_image {
        all.insert("PATH".to_owned(), PATH.to_owned());
    }
    for (name, value) in &container.variables {
        let value = match movable_port(name, value) {
            Some(port) => format!("{}:{port}", place.address),
            None => localised(value, place.region, place.endpoint),
        };
        all.insert(name.clone(), value);
    }
    for (name, value_from) in &container.secrets {
        let value = secrets.value(name, value_from.as_deref()).ok_or_else(|| {
            let source = value_from.as_deref().unwrap_or("a value that only AWS knows");
            format!(
                "unable to pull secrets: the secret `{name}` (`{source}`) has no value here (give it one in the file of `--secrets`, by either name)"
            )
        })?;
        all.insert(name.clone(), value.to_owned());
    }
    let own = [
        ("AWS_ACCESS_KEY_ID", DUMMY_ACCESS_KEY_ID),
        ("AWS_DEFAULT_REGION", place.region),
        ("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"),
        ("AWS_REGION", place.region),
        ("AWS_SECRET_ACCESS_KEY", DUMMY_SECRET),
        ("AWS_SESSION_TOKEN", DUMMY_SECRET),
        ("ECS_CONTAINER_METADATA_URI_V4", place.metadata),
    ];
    all.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(all.into_iter().collect())
}

/// Where the program of a command is: a path from the folder, or the first of that name where programs are.
#[must_use]
pub fn resolve(word: &str, folder: &Path) -> PathBuf {
    let found = || {
        let all = PATH.split(':').map(|place| Path::new(place).join(word));
        all.into_iter().find(|path| path.is_file())
    };
    let by_name = if word.contains('/') { None } else { found() };
    by_name.unwrap_or_else(|| folder.join(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listen_of_any_address_is_moved() {
        assert_eq!(movable_port("LISTEN", "0.0.0.0:8080"), Some(8_080));
        for (name, value) in
            [("LISTEN", "127.0.0.1:8080"), ("LISTEN", "0.0.0.0"), ("BIND", "0.0.0.0:8080")]
        {
            assert_eq!(movable_port(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn a_program_is_a_path_from_the_folder_or_one_of_the_machines() {
        let folder = Path::new("/shops");
        assert_eq!(resolve("bin/burger", folder), Path::new("/shops/bin/burger"));
        assert_eq!(resolve("/opt/burger", folder), Path::new("/opt/burger"));
        assert!(resolve("sh", folder).is_file(), "every machine has a shell");
        assert_eq!(resolve("no-such-burger", folder), Path::new("/shops/no-such-burger"));
    }
}
