# Run by CPack before it packs what is staged.

# Folders that CPack makes itself follow the umask of who builds.
file(CHMOD_RECURSE ${CPACK_TEMPORARY_INSTALL_DIRECTORY} DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# Whose licences could not be read, by write_documents.cmake.
file(READ ${CPACK_IPCMARK_MISSING} missing)
if(missing)
  list(TRANSFORM missing REPLACE "(.+)" "/usr/share/doc/\\1/copyright" OUTPUT_VARIABLE files)
  list(JOIN files " " files)
  list(JOIN missing " " missing)
  message(FATAL_ERROR "not here: ${files}, the licences of what is compiled in; apt-get install --reinstall ${missing}, "
    "without an option of dpkg that leaves documentation out")
endif()
