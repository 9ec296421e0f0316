#!/bin/sh
# What webhook passed as arguments and files is in the environment here.
set -eu
echo "deploying $SLUICE_BRANCH of $SLUICE_REPO at $SLUICE_SHA"
