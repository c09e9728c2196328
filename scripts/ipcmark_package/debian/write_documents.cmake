# Writes copyright and changelogs of every Debian package, compressed as its policy has them.
# Usage: cmake -D SOURCE=<dir> -D OUT=<dir> -D GZIP=<path> -D VERSION=<text> -D MAINTAINER=<text>
#   -D COMPILED_IN=<Debian packages of headers> -P write_documents.cmake

cmake_minimum_required(VERSION 3.25)

# The same commit gives the same bytes.
execute_process(COMMAND git -C ${SOURCE} log -1 --format=%ct OUTPUT_VARIABLE epoch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(epoch $ENV{SOURCE_DATE_EPOCH})
elseif(NOT epoch)
  string(TIMESTAMP epoch %s)
endif()
execute_process(COMMAND date -u -R -d @${epoch} OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)

file(READ ${SOURCE}/LICENSE licence)
set(own "ipcmark, a benchmark of inter-process communication on Linux.\n\n${licence}")
set(with_headers "${own}\nThe programs hold code of these header-only libraries; of each, what Debian says of its licence:\n")
set(missing "")
foreach(package IN LISTS COMPILED_IN)
  set(text /usr/share/doc/${package}/copyright)
  if(EXISTS ${text})
    file(READ ${text} licence_of_it)
    string(APPEND with_headers "\n--- ${package} ---\n\n${licence_of_it}")
  else()
    list(APPEND missing ${package})
  endif()
endforeach()

function(compress folder name text)
  file(WRITE ${folder}/${name} "${text}")
  execute_process(COMMAND ${GZIP} -9nf ${folder}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(READ ${SOURCE}/CHANGELOG.md changes)
foreach(package ipcmark ipcmark-report libipcmark-dev)
  file(WRITE ${OUT}/${package}/copyright "${own}")
  compress(${OUT}/${package} changelog "${changes}")
  compress(${OUT}/${package} changelog.Debian
    "ipcmark (${VERSION}) unstable; urgency=medium\n\n  * Package made from the sources, by CPack.\n\n -- ${MAINTAINER}  ${date}\n")
endforeach()
file(WRITE ${OUT}/ipcmark/copyright "${with_headers}")
# What builds without packing is not to fail for it: check_staged.cmake does.
file(WRITE ${OUT}/missing "${missing}")
