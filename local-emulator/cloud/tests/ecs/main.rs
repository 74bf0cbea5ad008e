//! ECS services in virtual time: the life of a task, its containers and its health; services, deployments, throttles.

mod kitchen;

mod composed;
mod cost;
mod health;
mod rolling;
mod services;
mod table;
mod tasks;
