#!/bin/sh
# Copy the pinned viewer and its licence from the npm package into this folder.
# To upgrade: change the version in package.json, run `npm install --package-lock-only`, then this script.
# The bundle contains its dependencies: peer dependencies are not installed (.npmrc), and the override in
# package.json only makes the declared dependency of the package resolvable.
set -eu
cd "$(dirname "$0")"
npm ci
cp node_modules/redoc/bundles/redoc.standalone.js redoc.standalone.js
cp node_modules/redoc/LICENSE redoc.LICENSE.txt
rm -rf node_modules
