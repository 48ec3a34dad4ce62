# Installs the SDK into a folder of its own, builds the template against it out of tree, and has the
# host describe and run it:
# cmake -DBUILD=... -DSOURCE=... -DSPAR=... -DGENERATOR=... -P template_test.cmake
cmake_minimum_required(VERSION 3.25)
set(place ${BUILD}/template-test)
file(REMOVE_RECURSE ${place})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD}/sdk --prefix ${place}/prefix)
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE}/sdk/template -B ${place}/build
    -DCMAKE_PREFIX_PATH=${place}/prefix -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
run(${CMAKE_COMMAND} --build ${place}/build)
file(READ ${place}/build/compile_commands.json commands)
if(NOT commands MATCHES " -O2 ")
  message(FATAL_ERROR "a plugin without a build type is not optimised:\n${commands}")
endif()
run(${CMAKE_COMMAND} --install ${place}/build --prefix ${place}/installed)
file(GLOB_RECURSE installed ${place}/installed/*/spar/plugins/mine.so)
if(NOT installed)
  message(FATAL_ERROR "the plugin was not installed below the prefix:\n${output}")
endif()
run(${SPAR} describe mine --plugin-dir ${place}/build)
if(NOT output MATCHES "length of the step")
  message(FATAL_ERROR "the template's parameter is not described:\n${output}")
endif()
run(${SPAR} run ${SOURCE}/docs/examples/digits-pgd.json --plugin-dir ${place}/build
    --out ${place}/run --set train.epochs=1 --set data.train.examples=64 --set
    data.test.examples=32 --set "evaluate.attacks=[{\"type\":\"mine\",\"share\":0.5}]")

# The guide shows the very same file.
file(READ ${SOURCE}/sdk/template/mine.cpp code)
file(READ ${SOURCE}/docs/write-a-plugin.md guide)
string(FIND "${guide}" "${code}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "docs/write-a-plugin.md does not show sdk/template/mine.cpp as it is")
endif()
