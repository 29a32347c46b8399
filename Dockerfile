# The service in a container: docker build -t dedup . && docker run -p 8080:8080 -v stories:/data dedup
# The store and the tokens lie in /data. Make a token before the first start:
#   docker run -v stories:/data dedup dedup serve token --tokens /data/tokens.txt --name feed --scope write
FROM python:3.12-slim
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY dedup ./dedup
RUN pip install --no-cache-dir '.[serve]' && useradd --create-home --uid 1000 dedup && install -d -o dedup /data /cache
USER dedup
# Compiled kernels; a volume there keeps those of another kind of processor.
ENV XDG_CACHE_HOME=/cache
RUN dedup kernels compile
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=300s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=5)"]
CMD ["dedup", "serve", "--store", "/data/stories.db", "--host", "0.0.0.0", "--port", "8080", "--tokens", "/data/tokens.txt", "--log-json"]
