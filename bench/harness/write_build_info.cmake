# Writes the header that says what was built. Without git, or outside a checkout of this project,
# the commit is "unknown".
# Usage: cmake -D SOURCE= -D OUT= -D VERSION= -D BUILD_TYPE= -D BENCHMARK= -D COMPILER= -D FLAGS= -D LTO= -P this

set(sha unknown)
set(dirty false)
find_program(git git)
if(git)
  execute_process(COMMAND ${git} -C ${SOURCE} rev-parse --show-toplevel HEAD
    OUTPUT_VARIABLE answer RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed)
    # A source archive unpacked inside some other checkout is not of that checkout's commit.
    string(REGEX MATCH "^([^\n]*)\n([0-9a-f]+)$" matched "${answer}")
    file(REAL_PATH "${CMAKE_MATCH_1}" top)
    set(head "${CMAKE_MATCH_2}")
    file(REAL_PATH "${SOURCE}" source)
    if(matched AND top STREQUAL source)
      set(sha ${head})
      execute_process(COMMAND ${git} -C ${SOURCE} status --porcelain
        OUTPUT_VARIABLE changes ERROR_QUIET)
      if(NOT changes STREQUAL "")
        set(dirty true)
      endif()
    endif()
  endif()
endif()

set(text "// Written by the build.\n#pragma once\n\n")
foreach(entry VERSION BUILD_TYPE BENCHMARK COMPILER FLAGS)
  string(REGEX REPLACE "([\\\\\"])" "\\\\\\1" escaped "${${entry}}")
  string(APPEND text "#define IPCMARK_BUILD_${entry} \"${escaped}\"\n")
endforeach()
set(lto false)
if(LTO OR FLAGS MATCHES "-flto" AND NOT FLAGS MATCHES "-fno-lto")
  set(lto true)
endif()
string(APPEND text "#define IPCMARK_BUILD_LTO ${lto}\n")
string(APPEND text "#define IPCMARK_BUILD_GIT_SHA \"${sha}\"\n#define IPCMARK_BUILD_GIT_DIRTY ${dirty}\n")

set(old "")
if(EXISTS ${OUT})
  file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUT} "${text}")
endif()
