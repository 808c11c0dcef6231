#!/bin/sh
# Make the secrets of deploy/compose.many.yaml, once: `sh deploy/make-secrets.sh`. They are in deploy/secrets, which
# only you can enter; the files themselves are readable, because containers read them as other users.
set -eu
umask 077
folder=$(dirname "$0")/secrets
mkdir "$folder" # fails if there are secrets already: the database and the bucket know those
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
key_id=$(random | cut -c -20)
secret=$(random)
random >"$folder/database_password"
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$key_id" "$secret" >"$folder/files_credentials"
cat >"$folder/s3.json" <<END
{"identities": [{"name": "quickml", "credentials": [{"accessKey": "$key_id", "secretKey": "$secret"}],
 "actions": ["Read:quickml", "Write:quickml", "List:quickml", "Tagging:quickml"]}]}
END
chmod 644 "$folder"/*
