//! What the command line says.

use std::error::Error;
use std::time::Duration;

use crate::components;

pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) components: usize,
    pub(crate) nest: String,
    pub(crate) auth: bool,
    pub(crate) clients: bool,
    pub(crate) quiet: bool,
    pub(crate) max_age: Duration,
}

impl Arguments {
    pub(crate) fn read() -> Result<Self, Box<dyn Error>> {
        let mut read = Self {
            port: 0,
            components: components::NAMED,
            nest: String::new(),
            auth: false,
            clients: false,
            quiet: false,
            max_age: Duration::from_secs(600),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--components" => read.components = value()?.parse()?,
                "--nest" => read.nest = value()?,
                "--max-age" => read.max_age = Duration::from_secs(value()?.parse()?),
                "--auth" => read.auth = true,
                "--clients" => read.clients = true,
                "--quiet" => read.quiet = true,
                port => read.port = port.parse().map_err(|_| format!("{port} is no port"))?,
            }
        }
        Ok(read)
    }
}
