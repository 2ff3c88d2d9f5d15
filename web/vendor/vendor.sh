#!/bin/sh
# Make emoji_data.js, emoji_names_*.js, markdown_parser.js and qr_code.js from the pinned npm packages, and copy their licences.
# To upgrade: change a version in package.json, run `npm install --package-lock-only`, then this script.
set -eu
cd "$(dirname "$0")"
npm ci --silent
node make_emoji_data.mjs node_modules/emoji-picker-element-data/en/cldr/data.json > emoji_data.js
for language in de; do
  node make_emoji_names.mjs "node_modules/emoji-picker-element-data/$language/cldr/data.json" > "emoji_names_$language.js"
done
cp node_modules/emoji-picker-element-data/LICENSE emoji_data.LICENSE.txt
node make_markdown_parser.mjs > markdown_parser.js
cat node_modules/markdown-it/LICENSE node_modules/uc.micro/LICENSE.txt > markdown_parser.LICENSE.txt
node make_qr_code.mjs > qr_code.js
cat node_modules/qr/LICENSE-MIT > qr_code.LICENSE.txt
rm -rf node_modules
