import type { RemoteFile } from '../download-body.ts';

/** A Python wheel (a zip archive) of NVIDIA's: no Python is needed to unpack it. */
export interface CudaWheel extends RemoteFile {
  file: string;
}

/**
 * What ONNX Runtime's CUDA provider needs besides the driver: CUDA 13's runtime, BLAS, random numbers, FFT, the compiler
 * that cuDNN uses at run time, and cuDNN 9. NVIDIA publishes them on PyPI; sizes and checksums as published there. The
 * path of a file is the BLAKE2b-256 of its bytes. Their licences allow use, not shipping in this package: docs/weights.md.
 */
export const cudaWheels: readonly CudaWheel[] = [
  wheel('nvidia_cuda_runtime-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl', {
    sizeBytes: 2_504_024,
    blake2b: '0b7c14b8f5518f8951e9dca57ea80f44f8ea8bcc8671812e6cc38009f3205e57',
    sha256: 'df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d',
  }),
  wheel('nvidia_cublas-13.10.0.20-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl', {
    sizeBytes: 444_289_903,
    blake2b: 'b41216628161ed8c109c8c73b38167df50cbc630a8a6e6548e2534d461526c3c',
    sha256: 'dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84',
  }),
  wheel('nvidia_curand-10.4.5.25-py3-none-manylinux_2_27_x86_64.whl', {
    sizeBytes: 77_113_015,
    blake2b: '1263636e5dc9afb2959bfc0042a357d5567358df829b66c96d9fc36d77dc0596',
    sha256: '22bb226a857e5888fe6b54ae465fc4371296bcff13a35f79e19691bcf454f529',
  }),
  wheel('nvidia_cufft-12.5.0.14-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl', {
    sizeBytes: 165_072_555,
    blake2b: 'c68ff909edaadf9a7acf1b92f805a384b6984193bd595b45005f8e320d4170cf',
    sha256: 'b8be26837a5abad2b5b74f3e92dd29f622a42934b355be0961a48712cbba23ad',
  }),
  wheel('nvidia_cuda_nvrtc-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl', {
    sizeBytes: 58_185_930,
    blake2b: 'a954db4e7f650746265f61c05cf1f8f556dd8c6739b58c823fbc9a7d6fda3247',
    sha256: '86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc',
  }),
  wheel('nvidia_cudnn_cu13-9.28.1.4-py3-none-manylinux_2_27_x86_64.whl', {
    sizeBytes: 516_817_937,
    blake2b: 'ef6f94535c450d44a68ef0b43d7a5e54c0e5ecda2ca3db7daec5d54c8d94e0d8',
    sha256: 'a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec',
  }),
];

function wheel(
  file: string,
  { sizeBytes, blake2b, sha256 }: { sizeBytes: number; blake2b: string; sha256: string },
): CudaWheel {
  const folders = [blake2b.slice(0, 2), blake2b.slice(2, 4), blake2b.slice(4)].join('/');
  const url = `https://files.pythonhosted.org/packages/${folders}/${file}`;
  return { file, url, sizeBytes, digest: { kind: 'sha256', hex: sha256 } };
}
