"""What WeChat's official accounts and WeCom's customer service share: signed and encrypted webhooks in XML,
an API that answers errors with HTTP 200, and files that are uploaded first."""
