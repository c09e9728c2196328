# Fails when the backend that README.md shows whole is not the file as it stands.
# Usage: cmake -D ROOT=<source dir> -P check_readme.cmake

file(READ ${ROOT}/README.md readme)
file(READ ${ROOT}/ipc/semaphore/eventfd.hpp backend)
string(FIND "${readme}" "```cpp\n${backend}```" at)
if(at EQUAL -1)
  message(FATAL_ERROR "README.md shows another ipc/semaphore/eventfd.hpp than the one there is")
endif()
message("README.md shows ipc/semaphore/eventfd.hpp as it is")
