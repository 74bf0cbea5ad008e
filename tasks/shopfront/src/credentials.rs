//! As whom AWS is called: what the environment says, or what ECS hands to a task's role.

use std::io;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_sqs::primitives::{DateTime, DateTimeFormat};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Where ECS's agent answers the tasks of its host.
const AGENT: &str = "169.254.170.2:80";
const PATIENCE: Duration = Duration::from_secs(5);
const BYTES_MAX: usize = 65_536;

/// A task's role, whose keys change every few hours. The SDK keeps them until shortly before they expire.
#[derive(Debug)]
pub(crate) struct TaskRole {
    /// Host and port.
    agent: String,
    /// What `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` says.
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

impl TaskRole {
    pub(crate) fn at(path: String) -> Self {
        Self { agent: AGENT.to_owned(), path }
    }

    async fn load(&self) -> provider::Result {
        let asked = timeout(PATIENCE, self.ask()).await;
        let body = asked
            .map_err(|_| CredentialsError::provider_timed_out(PATIENCE))?
            .map_err(CredentialsError::provider_error)?;
        keys(&body)
    }

    async fn ask(&self) -> Result<Bytes, io::Error> {
        let stream = TcpStream::connect(&self.agent).await?;
        let (mut door, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let request = Request::get(&self.path).header(HOST, &self.agent);
        let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
        tokio::spawn(async move { drop(connection.await) });
        let answer: Response<Incoming> =
            door.send_request(request).await.map_err(io::Error::other)?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(io::Error::other(format!("the agent of ECS answers with {status}")));
        }
        let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await;
        Ok(body.map_err(io::Error::other)?.to_bytes())
    }
}

fn keys(body: &[u8]) -> provider::Result {
    let keys: Keys = serde_json::from_slice(body).map_err(CredentialsError::provider_error)?;
    let expires = keys.expiration.as_deref().map(moment).transpose()?;
    Ok(Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        keys.token,
        expires,
        "task role",
    ))
}

fn moment(text: &str) -> Result<SystemTime, CredentialsError> {
    let moment = DateTime::from_str(text, DateTimeFormat::DateTime)
        .map_err(CredentialsError::provider_error)?;
    SystemTime::try_from(moment).map_err(CredentialsError::provider_error)
}

impl ProvideCredentials for TaskRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const ANSWER: &str = r#"{"RoleArn":"arn:aws:iam::1:role/x","AccessKeyId":"key","SecretAccessKey":"secret","Token":"token","Expiration":"2030-01-02T03:04:05Z"}"#;

    #[tokio::test]
    async fn the_keys_of_a_tasks_role_come_from_the_agent_and_expire() {
        let agent = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let role = TaskRole {
            agent: agent.local_addr().expect("it is bound").to_string(),
            path: "/v2/credentials/7".to_owned(),
        };
        let serving = tokio::spawn(async move {
            let (mut stream, _) = agent.accept().await.expect("somebody asks");
            let mut asked = vec![0; 1024];
            let count = stream.read(&mut asked).await.expect("a request");
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ANSWER}", ANSWER.len());
            stream.write_all(answer.as_bytes()).await.expect("it listens");
            String::from_utf8_lossy(&asked[..count]).into_owned()
        });
        let keys = role.provide_credentials().await.expect("the agent answers");
        assert_eq!((keys.access_key_id(), keys.session_token()), ("key", Some("token")));
        let expires = keys.expiry().expect("they expire").duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!(expires.expect("after 1970").as_secs(), 1_893_553_445);
        let asked = serving.await.expect("it answered");
        assert!(asked.starts_with("GET /v2/credentials/7 HTTP/1.1"), "{asked}");
    }

    #[tokio::test]
    async fn an_agent_that_is_not_there_is_an_error() {
        let role = TaskRole { agent: "127.0.0.1:1".to_owned(), path: "/".to_owned() };
        role.provide_credentials().await.expect_err("nobody listens");
    }
}
