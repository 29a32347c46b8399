"""A story index that another process serves: `Client`."""

from dedup.client.calling import Client as Client
