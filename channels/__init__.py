"""One folder per channel adapter, all behind the small Protocols of `channels.base`."""
