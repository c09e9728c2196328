# Installs the library into a fresh folder, and builds and runs a program that finds it there.
# Usage: cmake -D BUILD=<dir> -D SOURCE=<dir> -D GENERATOR=<name>
#   -D COMPILER=<path> -D FLAGS=<for C++> -D BUILD_TYPE=<name> -P check.cmake

cmake_minimum_required(VERSION 3.25)

set(room ${BUILD}/installed_package)
file(REMOVE_RECURSE ${room})
# Moved after it was installed: nothing in the package may name the prefix.
set(first ${room}/first)
set(prefix ${room}/prefix)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${first}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(RENAME ${first} ${prefix})

file(GLOB_RECURSE headers RELATIVE ${prefix}/include ${prefix}/include/*)
if(NOT "ipcmark/ipc/queue/queue.hpp" IN_LIST headers)
  message(FATAL_ERROR "queue.hpp is not installed")
endif()
set(foreign ${headers})
list(FILTER foreign EXCLUDE REGEX "^ipcmark/ipc/.*\\.hpp$")
set(for_tests ${headers})
list(FILTER for_tests INCLUDE REGEX "test")
if(foreign OR for_tests)
  message(FATAL_ERROR "installed without need: ${foreign} ${for_tests}")
endif()
file(GLOB targets ${prefix}/*/cmake/ipcmark/ipcmark-targets*.cmake
  ${prefix}/*/*/cmake/ipcmark/ipcmark-targets*.cmake)
foreach(file IN LISTS targets)
  file(READ ${file} text)
  if(text MATCHES "-Wall|-Werror|ipcmark_warnings")
    message(FATAL_ERROR "${file} passes this project's warnings on")
  endif()
endforeach()

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${room}/build
  -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_BUILD_TYPE=${BUILD_TYPE}
  -D CMAKE_CXX_COMPILER=${COMPILER} -D "CMAKE_CXX_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${room}/build)
run(${room}/build/consumer)
