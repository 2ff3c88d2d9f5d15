#!/bin/sh
# Make emoji_data.js from the pinned npm package, and copy its licence.
# To upgrade: change the version in package.json, run `npm install --package-lock-only`, then this script.
set -eu
cd "$(dirname "$0")"
npm ci --silent
node make_emoji_data.mjs node_modules/emoji-picker-element-data/en/cldr/data.json > emoji_data.js
cp node_modules/emoji-picker-element-data/LICENSE emoji_data.LICENSE.txt
rm -rf node_modules
