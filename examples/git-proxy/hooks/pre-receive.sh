#!/bin/sh
# For finos/git-proxy: 0 approves the push, 1 rejects it, 2 leaves it to a person, anything else is an error that blocks it.
# git-proxy ends the line of the ref with a space, which git does not, so sluice would take it for a broken line.
sed 's/ $//' | sluice gate --config "$(dirname "$0")/../sluice.yaml" --pre-receive
