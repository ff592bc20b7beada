#!/usr/bin/env bash
# Debian packages that the tests drive: a real browser, ExifTool and ImageMagick as referees, and for the Photoshop
# plugin Node and exempi, the library around Adobe's XMP toolkit.
set -euo pipefail
packages=()
command -v chromium >/dev/null || packages+=(chromium)
command -v exiftool >/dev/null || packages+=(libimage-exiftool-perl)
[ -x /usr/bin/convert ] || packages+=(imagemagick)
command -v node >/dev/null || packages+=(nodejs)
/sbin/ldconfig -p | grep -q 'libexempi\.so\.8' || packages+=(libexempi8)
[ ${#packages[@]} -eq 0 ] && exit 0
echo "installing ${packages[*]}"
run=()
[ "$(id -u)" -eq 0 ] || run=(sudo)
"${run[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
