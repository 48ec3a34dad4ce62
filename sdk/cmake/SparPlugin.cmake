include(GNUInstallDirs)

# spar_add_plugin(<name> SOURCES <files> [LIBS <libraries>])
#
# A plugin: a shared library <name>.so that exports the entry symbol and nothing else, and leaves no
# symbol undefined. Installed into <libdir>/spar/plugins. Optimised, unless a build type says
# otherwise.
function(spar_add_plugin name)
  cmake_parse_arguments(PLUGIN "" "" "SOURCES;LIBS" ${ARGN})
  set(target spar_plugin_${name})
  add_library(${target} MODULE ${PLUGIN_SOURCES})
  set_target_properties(
    ${target}
    PROPERTIES OUTPUT_NAME ${name}
               PREFIX ""
               CXX_VISIBILITY_PRESET hidden
               C_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE $<$<CONFIG:>:-O2>)
  # Every sum has one meaning, however compilers contract.
  target_compile_options(${target} PRIVATE -ffp-contract=off)
  # No code reads errno after a square root; without this, setting it keeps loops from being
  # vectorised.
  target_compile_options(${target} PRIVATE -fno-math-errno)
  target_link_libraries(${target} PRIVATE Spar::sdk ${PLUGIN_LIBS})
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.version)
  target_link_options(${target} PRIVATE -Wl,--version-script=${script} -Wl,-z,now)
  if(NOT SPAR_SANITIZE) # the sanitizers' runtime is found in the host
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${script})
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/spar/plugins)
endfunction()
