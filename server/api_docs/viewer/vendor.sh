#!/bin/sh
# Copy the pinned viewer and its licence into this folder. To upgrade, change the version in package.json,
# run `npm install --package-lock-only`, then this script.
set -eu
cd "$(dirname "$0")"
npm ci
cp node_modules/redoc/bundles/redoc.standalone.js redoc.standalone.js
cp node_modules/redoc/LICENSE redoc.LICENSE.txt
rm -rf node_modules
