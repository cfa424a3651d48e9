// A service's client, as people write them on reqwest. tests/it/migration.rs includes it twice: once with the
// names of reqwest in scope, and once with ours. Nothing in here may tell which of the two it is.

/// The service's own error.
#[derive(Debug)]
enum ShopError {
    Http(Error),
    SoldOut,
}

// Of everything that is an error of the client, or becomes one. With ours, a response still has errors of
// reqwest's, and `build` one of its own.
impl<E: Into<Error>> From<E> for ShopError {
    fn from(error: E) -> Self {
        Self::Http(error.into())
    }
}

struct Shop {
    http: Client,
    base: String,
}

impl Shop {
    fn new(base: String) -> Result<Self, ShopError> {
        let mut defaults = header::HeaderMap::new();
        defaults.insert("x-tenant", header::HeaderValue::from_static("acme"));
        let http = Client::builder()
            .user_agent("shop/1.0")
            .default_headers(defaults)
            .timeout(Duration::from_secs(20))
            .connect_timeout(Duration::from_secs(5))
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(redirect::Policy::limited(3))
            .no_proxy()
            .build()?;
        Ok(Self { http, base })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .bearer_auth("token")
            .header(header::ACCEPT, "application/json")
            .version(Version::HTTP_11)
    }

    /// GET, and the status is an answer.
    async fn stock(&self, id: u32) -> Result<String, ShopError> {
        let url = self.url(&format!("/stock/{id}"));
        let response = self.signed(self.http.get(url)).send().await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(ShopError::SoldOut);
        }
        Ok(response.error_for_status()?.text().await?)
    }

    /// Everything into one error, reqwest's of the body too.
    async fn order(&self, order: impl Into<Body>) -> Result<StatusCode, Error> {
        let response = self
            .http
            .post(self.url("/orders"))
            .body(order)
            .send()
            .await?;
        let status = response.error_for_status_ref()?.status();
        response.bytes().await?;
        Ok(status)
    }

    #[cfg(feature = "json")]
    async fn json(&self) -> Result<Vec<u32>, Error> {
        let sent = serde_json::json!({ "chairs": 2 });
        let request = self.http.post(self.url("/echo")).json(&sent);
        let echoed: serde_json::Value = request.send().await?.json().await?;
        assert_eq!(echoed, sent);
        let numbers = self.http.get(self.url("/numbers")).send().await?;
        let numbers = numbers.json().await?;
        Ok(numbers)
    }

    #[cfg(feature = "json")]
    async fn garbled(&self) -> Result<u32, Error> {
        let number = self.http.get(self.url("/stock/7")).send().await?;
        let number = number.json().await?;
        Ok(number)
    }

    #[cfg(feature = "form")]
    async fn log_in(&self, user: &str) -> Result<String, Error> {
        let form = [("user", user), ("scope", "read write")];
        let request = self.http.post(self.url("/echo")).form(&form);
        let request = request.basic_auth("shop", Some("secret"));
        let token = request.send().await?.text().await?;
        Ok(token)
    }

    #[cfg(feature = "query")]
    async fn search(&self, words: &str) -> Result<String, Error> {
        let request = self
            .http
            .get(self.url("/search?page=2"))
            .query(&[("q", words)]);
        let response = request.send().await?;
        Ok(response.url().query().unwrap_or_default().to_owned())
    }

    #[cfg(feature = "multipart")]
    async fn photo(&self) -> Result<StatusCode, Error> {
        let form = multipart::Form::new().text("title", "chair");
        let request = self.http.post(self.url("/photos")).multipart(form);
        Ok(request.send().await?.error_for_status()?.status())
    }

    /// The body as it comes.
    async fn download(&self) -> Result<usize, Error> {
        let mut response = self.http.get(self.url("/catalogue")).send().await?;
        let mut length = 0;
        while let Some(chunk) = response.chunk().await? {
            length += chunk.len();
        }
        Ok(length)
    }

    async fn rename(&self, id: u32, name: String) -> Result<(), Error> {
        let url: Url = self.url(&format!("/stock/{id}")).parse().unwrap();
        self.http.patch(url.clone()).body(name).send().await?;
        self.http.put(url.clone()).body("whole").send().await?;
        self.http.delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// A request that is built here, and sent by another task.
    async fn later(&self) -> Result<String, Error> {
        let mut request = Request::new(Method::GET, self.url("/later").parse().unwrap());
        request
            .headers_mut()
            .insert("x-later", header::HeaderValue::from_static("1"));
        let sending = tokio::spawn(self.http.execute(request));
        let response = sending.await.unwrap()?;
        Ok(shown(&response))
    }

    async fn hurried(&self) -> Result<Response, Error> {
        let request = self.http.post(self.url("/stalls"));
        request.timeout(Duration::from_millis(50)).send().await
    }
}

fn shown(response: &Response) -> String {
    let kind = response.headers().get(header::CONTENT_TYPE);
    format!(
        "{} {:?} {kind:?} {:?} {}",
        response.status(),
        response.version(),
        response.content_length(),
        response.url().path()
    )
}

async fn ping<U: IntoUrl>(client: &Client, url: U) -> Result<String, Error> {
    Ok(shown(&client.head(url).send().await?.error_for_status()?))
}

/// What is told of an error.
fn kinds(error: &Error) -> String {
    let kinds = [
        ("builder", error.is_builder()),
        ("redirect", error.is_redirect()),
        ("status", error.is_status()),
        ("timeout", error.is_timeout()),
        ("request", error.is_request()),
        ("connect", error.is_connect()),
        ("decode", error.is_decode()),
    ];
    let kinds: Vec<_> = kinds
        .iter()
        .filter(|(_, is)| *is)
        .map(|(kind, _)| *kind)
        .collect();
    format!("{kinds:?} {:?}", error.status())
}

/// Calls everything, and tells what came of it.
pub(super) async fn tell(base: String, dead: String) -> Vec<String> {
    let shop = Shop::new(base).unwrap();
    let mut told = Vec::new();
    told.push(format!("{:?}", shop.stock(7).await.unwrap()));
    told.push(match shop.stock(404).await.unwrap_err() {
        ShopError::SoldOut => "sold out".to_owned(),
        ShopError::Http(error) => kinds(&error),
    });
    told.push(match shop.stock(410).await.unwrap_err() {
        ShopError::SoldOut => "sold out".to_owned(),
        ShopError::Http(error) => kinds(&error),
    });
    told.push(format!("{:?}", shop.order("2 chairs").await.unwrap()));
    told.push(kinds(&shop.order(vec![0; 50_000]).await.unwrap_err()));
    #[cfg(feature = "json")]
    {
        told.push(format!("{:?}", shop.json().await.unwrap()));
        let error = shop.garbled().await.unwrap_err();
        told.push(kinds(&error));
    }
    #[cfg(feature = "form")]
    told.push(shop.log_in("ann & bob").await.unwrap());
    #[cfg(feature = "query")]
    told.push(shop.search("two chairs").await.unwrap());
    #[cfg(feature = "multipart")]
    told.push(format!("{:?}", shop.photo().await.unwrap()));
    told.push(format!("{:?}", shop.download().await.unwrap()));
    told.push(format!("{:?}", shop.rename(7, "stool".to_owned()).await));
    told.push(shop.later().await.unwrap());
    told.push(kinds(&shop.hurried().await.unwrap_err()));
    told.push(ping(&shop.http, shop.url("/moved")).await.unwrap());
    told.push(kinds(
        &ping(&shop.http, shop.url("/circle")).await.unwrap_err(),
    ));
    told.push(kinds(&ping(&shop.http, "no url").await.unwrap_err()));
    let refused = shop.http.post(dead).send().await.unwrap_err();
    told.push(kinds(&refused));
    let request = shop.http.get(shop.url("/stock/7"));
    let copy = request.try_clone().unwrap().build().unwrap();
    told.push(format!("{} {}", copy.method(), copy.url().path()));
    told.push(shown(&get(shop.url("/stock/7")).await.unwrap()));
    told
}
