# What is installed beside programs, libraries and headers, and packages of it all. To be included
# last, when the list `weft_dependencies` is complete.
set(made ${PROJECT_BINARY_DIR}/made)

# The program writes its own manual page and completions.
if(TARGET weft)
  file(MAKE_DIRECTORY ${made})
  foreach(part IN ITEMS "man" "completion bash" "completion zsh")
    string(REPLACE " " ";" arguments "${part}")
    string(REPLACE " " "." file "${part}")
    install(CODE "execute_process(COMMAND \"$<TARGET_FILE:weft>\" ${arguments}
      OUTPUT_FILE \"${made}/${file}\" COMMAND_ERROR_IS_FATAL ANY)")
  endforeach()
  install(FILES ${made}/man DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 RENAME weft.1)
  install(FILES ${made}/completion.bash
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME weft)
  install(FILES ${made}/completion.zsh
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _weft)
endif()

# weft.pc and weft_frontend.pc, for what is not built by CMake. libweft.a is a text that names the
# static libraries, as Debian's libm.a is one, so that -lweft means both kinds.
function(weft_package_file name description)  # the rest: rows of the list of dependencies
  list(TRANSFORM ARGN REPLACE ".*[|]" "" OUTPUT_VARIABLE files)
  list(FILTER files INCLUDE REGEX .)
  foreach(file IN LISTS files)
    if(TARGET ${file})
      get_target_property(location ${file} LOCATION)
      set(file ${location})
    endif()
    cmake_path(GET file PARENT_PATH folder)
    cmake_path(GET file STEM library)
    if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
      list(APPEND private -L${folder})
    endif()
    string(REGEX REPLACE "^lib" "-l" library ${library})
    list(APPEND private ${library})
  endforeach()
  foreach(library IN LISTS CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
    if(library MATCHES "^(stdc[+][+]|c[+][+]|m)$")
      list(APPEND private -l${library})
    endif()
  endforeach()
  if(name STREQUAL weft_frontend)
    list(PREPEND private -lweft_passes -lweft_runtime -lweft_ir)
  endif()
  string(JOIN " " private ${private})
  set(folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  string(REGEX REPLACE "[^/]+" ".." up ${folder})
  configure_file(runtime/cmake/weft.pc.in ${made}/${name}.pc @ONLY)
  install(FILES ${made}/${name}.pc DESTINATION ${folder})
endfunction()
weft_package_file(weft "answers by a plan, and trains it further" ${weft_runtime_dependencies})
if(TARGET weft_frontend)
  weft_package_file(weft_frontend "trains plans, measures and explains them" ${weft_dependencies})
endif()
file(CONFIGURE OUTPUT ${made}/libweft.a CONTENT "INPUT(-lweft_runtime -lweft_ir)\n")
install(FILES ${made}/libweft.a DESTINATION ${CMAKE_INSTALL_LIBDIR})

# weft.spdx, the bill of materials: what weft is made of, in SPDX 2.3. The same build writes the same
# bytes: its date is that of SOURCE_DATE_EPOCH, else the first there is.
set(packages)
set(relations "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-weft\n")
foreach(row IN ITEMS "weft|${PROJECT_VERSION}|Apache-2.0|" LISTS weft_dependencies)
  string(REGEX MATCH "^([^|]+)[|]([^|]*)[|]([^|]+)[|]" row "${row}")
  set(name ${CMAKE_MATCH_1})
  string(APPEND packages "
PackageName: ${name}
SPDXID: SPDXRef-${name}
PackageVersion: ${CMAKE_MATCH_2}
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: ${CMAKE_MATCH_3}
PackageCopyrightText: NOASSERTION
ExternalRef: PACKAGE-MANAGER purl pkg:generic/${name}@${CMAKE_MATCH_2}
")
  if(NOT name STREQUAL weft)
    string(APPEND relations "Relationship: SPDXRef-weft DEPENDS_ON SPDXRef-${name}\n")
  endif()
endforeach()
set(date 1970-01-01T00:00:00Z)
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP date %Y-%m-%dT%H:%M:%SZ UTC)
endif()
string(UUID uuid NAMESPACE 6ba7b811-9dad-11d1-80b4-00c04fd430c8  # of RFC 4122, for URLs
       NAME "${packages}" TYPE SHA1)
file(CONFIGURE OUTPUT ${made}/weft.spdx @ONLY CONTENT "SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: weft-@PROJECT_VERSION@
DocumentNamespace: https://spdx.org/spdxdocs/weft-@PROJECT_VERSION@-@uuid@
Creator: Tool: CMake-@CMAKE_VERSION@
Created: @date@
@packages@
@relations@")
install(FILES ${made}/weft.spdx LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weft)

# Packages, by `cpack --preset release`: weft-VERSION-SYSTEM.tar.gz, and a Debian package, where there
# is dpkg to find out what that depends on.
if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_PACKAGE_CONTACT "the maintainer of this package" CACHE STRING "Who makes packages")
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler and runtime for text classification on CPUs")
  set(CPACK_PACKAGE_DESCRIPTION "A short model description and labelled texts become one file, the \
plan, which turns a text into a label.\n\
The package has the program weft, libweft.so for C, libraries and headers for C++.")
  set(CPACK_STRIP_FILES ON)
  set(CPACK_GENERATOR TGZ)
  find_program(WEFT_SHLIBDEPS dpkg-shlibdeps)
  mark_as_advanced(WEFT_SHLIBDEPS)
  if(WEFT_SHLIBDEPS)
    list(APPEND CPACK_GENERATOR DEB)
  endif()
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  include(CPack)
endif()
