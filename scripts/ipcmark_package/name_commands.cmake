# Copies the reporting packages, and calls their commands in every text as they are called once installed: ipcmark-NAME
# for scripts/NAME, since `report` or `history` would be too common for PATH.
# Usage: cmake -D SOURCE=<scripts> -D OUT=<dir> -D "FILES=<relative to SOURCE>" -D "COMMANDS=<names>" -P name_commands.cmake

cmake_minimum_required(VERSION 3.25)

string(REPLACE ";" "|" names "${COMMANDS}")
file(REMOVE_RECURSE ${OUT})
foreach(name IN LISTS FILES)
  file(READ ${SOURCE}/${name} text)
  string(REGEX REPLACE "scripts/(${names})([^a-z_/])" "ipcmark-\\1\\2" text "${text}")
  string(REGEX REPLACE "(prog=|print\\(f?|USAGE = )\"(${names})([\": ])" "\\1\"ipcmark-\\2\\3" text "${text}")
  string(REGEX REPLACE "(`|see )(${names}) (list|run)" "\\1ipcmark-\\2 \\3" text "${text}")
  string(REPLACE "scripts/install_packages" "apt-get install" text "${text}")
  file(WRITE ${OUT}/${name} "${text}")
endforeach()
