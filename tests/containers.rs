//! Tasks as containers: the two shops' images, run by the container engine that `DOCKER_HOST` names. `infra/test
//! containers` starts one, and builds the images.

#[cfg(test)]
mod containers {
    mod failing;
    mod life;
    mod nothing_left;
    mod street;
}
