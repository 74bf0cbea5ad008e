//! Which path is which call, and the one method that it takes. Facts 1.1 and 2.1.

use hyper::Method;

/// A call of the Runtime API or the Extensions API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'path> {
    Ping,
    Next,
    /// With the request's id.
    Response(&'path str),
    /// With the request's id.
    Error(&'path str),
    InitError,
    Extension(ExtensionRoute),
}

/// A call of the Extensions API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExtensionRoute {
    Register,
    Next,
    /// In its INIT or afterwards.
    Failed,
}

/// `None`: there is no such path.
pub(super) fn route(path: &str) -> Option<(Route<'_>, Method)> {
    const EXTENSION: &str = "/2020-01-01/extension/";
    if let Some(call) = path.strip_prefix(EXTENSION) {
        let (route, method) = match call {
            "register" => (ExtensionRoute::Register, Method::POST),
            "event/next" => (ExtensionRoute::Next, Method::GET),
            "init/error" | "exit/error" => (ExtensionRoute::Failed, Method::POST),
            _ => return None,
        };
        return Some((Route::Extension(route), method));
    }
    match path.strip_prefix("/2018-06-01/")? {
        "ping" => Some((Route::Ping, Method::GET)),
        "runtime/invocation/next" => Some((Route::Next, Method::GET)),
        "runtime/init/error" => Some((Route::InitError, Method::POST)),
        call => match call.strip_prefix("runtime/invocation/")?.split_once('/')? {
            (id, "response") => Some((Route::Response(id), Method::POST)),
            (id, "error") => Some((Route::Error(id), Method::POST)),
            _ => None,
        },
    }
}
